using System.Reflection;
using CommandLine;

namespace CausalMixFT.Cli;

/// <summary>What is wrong with a command line, in one sentence.</summary>
static class ArgumentFault
{
    /// <summary>The sentence.</summary>
    /// <param name="error">What the parser found.</param>
    /// <param name="command">The command's type, if it was found.</param>
    /// <param name="args">The command line.</param>
    /// <param name="commands">All commands.</param>
    public static string Sentence(Error error, Type command, string[] args, IReadOnlyList<Type> commands)
    {
        string verb = command.GetCustomAttribute<VerbAttribute>()?.Name ?? "COMMAND";
        string help = $"'causalmixft {verb} --help' lists the options.";
        return error switch
        {
            BadVerbSelectedError bad =>
                $"There is no command '{bad.Token}'; the commands are " +
                $"{string.Join(", ", commands.Select(type => HelpPage.Verb(type).Name))}.",
            UnknownOptionError unknown => $"There is no option '{(unknown.Token.Length == 1 ? "-" : "--")}{unknown.Token}' of '{verb}'; {help}",
            MissingValueOptionError missing => $"--{missing.NameInfo.LongName} needs a value behind it; {help}",
            MissingRequiredOptionError { NameInfo.LongName.Length: > 0 } missing =>
                $"--{missing.NameInfo.LongName} is missing; an example: {HelpPage.Example(command)}",
            MissingRequiredOptionError => $"'{verb}' needs a file to work on; an example: {HelpPage.Example(command)}",
            RepeatedOptionError repeated => $"--{repeated.NameInfo.LongName} is given more than once; keep one.",
            BadFormatConversionError { NameInfo.LongName: var name } =>
                $"--{name} is '{ValueOf(name, args)}', but {Expected(command, name)} was expected; {help}",
            _ => $"The command line is not understood ({error.Tag}); {help}",
        };
    }

    static string ValueOf(string option, string[] args)
    {
        int at = Array.FindIndex(args, arg => arg == $"--{option}" || arg.StartsWith($"--{option}=", StringComparison.Ordinal));
        return at < 0 ? "" : args[at].Contains('=', StringComparison.Ordinal) ? args[at][(args[at].IndexOf('=', StringComparison.Ordinal) + 1)..]
            : at + 1 < args.Length ? args[at + 1] : "";
    }

    static string Expected(Type command, string option)
    {
        var type = command.GetProperties().First(property => property.GetCustomAttribute<OptionAttribute>()?.LongName == option).PropertyType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()}"
            : type == typeof(double) || type == typeof(float) ? "a number"
            : type == typeof(ulong) ? "a whole number from 0 on"
            : "a whole number";
    }
}
