using System.Globalization;
using System.Reflection;
using System.Text;
using CausalMixFT.Cli.Commands;
using CausalMixFT.Engine.Reporting;
using CommandLine;

namespace CausalMixFT.Cli;

/// <summary>What --help prints.</summary>
static class HelpPage
{
    const int Width = 110, Indent = 29;

    /// <summary>What the program is, and its commands.</summary>
    public static string OfAll(IReadOnlyList<Type> commands)
    {
        var page = new StringBuilder();
        page.Append($"CausalMixFT {Provenance.Program}: causal data augmentation for tabular foundation models\n\n");
        foreach (var command in commands)
        {
            var verb = Verb(command);
            page.Append(CultureInfo.InvariantCulture, $"  {verb.Name,-10} {verb.HelpText}\n");
        }

        return page.Append("\n'causalmixft COMMAND --help' explains a command, 'causalmixft --version' tells the version.\n\n")
            .Append($"Example:\n  {Example(commands[0])}").ToString();
    }

    /// <summary>A command, its options with their defaults, and an example.</summary>
    public static string Of(Type command)
    {
        var options = command.GetProperties()
            .Select(property => (Property: property, Option: property.GetCustomAttribute<OptionAttribute>()!))
            .Where(pair => pair.Option is { Hidden: false }).OrderByDescending(pair => pair.Option.Required).ToArray();
        var values = command.GetProperties().Select(property => property.GetCustomAttribute<ValueAttribute>()!)
            .Where(value => value is { Hidden: false }).ToArray();
        var required = options.Where(pair => pair.Option.Required).Select(pair => Usage(pair.Property, pair.Option));

        var page = new StringBuilder($"{Verb(command).HelpText}\n\n");
        page.Append($"Usage: {string.Join(' ', [$"causalmixft {Verb(command).Name}", .. values.Select(value => value.MetaName), .. required, "[options]"])}\n\n");
        foreach (var value in values)
        {
            Entry(page, value.MetaName, value.HelpText);
        }

        foreach (var (property, option) in options)
        {
            string preset = option.Default is null ? ""
                : string.Create(CultureInfo.InvariantCulture, $" (default: {(option.Default is Enum word ? word.ToString().ToLowerInvariant() : option.Default)})");
            Entry(page, Usage(property, option), option.HelpText + Words(property) + preset);
        }

        return page.Append($"\nExample:\n  {Example(command)}").ToString();
    }

    /// <summary>The command's name and what it does.</summary>
    public static VerbAttribute Verb(Type command) => command.GetCustomAttribute<VerbAttribute>()!;

    /// <summary>A command line that works.</summary>
    public static string Example(Type command) => ((Command)Activator.CreateInstance(command)!).Example;

    static string Usage(PropertyInfo property, OptionAttribute option)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string value = option.MetaValue is { Length: > 0 } named ? named : type.IsEnum ? "NAME" : "N";
        return $"--{option.LongName} {value}";
    }

    // The words that an option takes, so that none is forgotten in its text.
    static string Words(PropertyInfo property) =>
        (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is { IsEnum: true } type
            ? $" One of {string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()}." : "";

    // The name, and the text beside it in lines of the page's width.
    static void Entry(StringBuilder page, string name, string text)
    {
        var line = new StringBuilder($"  {name}".PadRight(Indent));
        foreach (string word in text.Split(' '))
        {
            if (line.Length + word.Length + 1 > Width)
            {
                page.Append(line.ToString().TrimEnd()).Append('\n');
                line.Clear().Append(' ', Indent);
            }

            line.Append(word).Append(' ');
        }

        page.Append(line.ToString().TrimEnd()).Append('\n');
    }
}
