using System.Globalization;
using CausalMixFT.Cli.Commands;
using CausalMixFT.Engine.Reporting;
using CommandLine;
using CommandLine.Text;

namespace CausalMixFT.Cli;

/// <summary>The program: finds the command, runs it, and turns every outcome into an exit code.</summary>
static class Application
{
    const int HelpWidth = 110;

    static readonly Type[] s_commands =
    [
        typeof(RunCommand), typeof(DiscoverCommand), typeof(FitCommand), typeof(SampleCommand), typeof(FineTuneCommand),
        typeof(PredictCommand), typeof(EvaluateCommand), typeof(PretrainCommand), typeof(DevicesCommand),
    ];

    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>0: done; 1: the input is wrong; 2: a fault of the program; 130: stopped by Ctrl-C.</returns>
    public static int Run(string[] args, Terminal terminal)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseInsensitiveEnumValues = true;
            settings.EnableDashDash = true;
            settings.ParsingCulture = CultureInfo.InvariantCulture;
        });
        var parsed = parser.ParseArguments(args, s_commands);
        return parsed.MapResult(
            command => Outcome.Of((Command)command, args, terminal),
            errors => Explain(parsed, [.. errors], args, terminal));
    }

    static int Explain(ParserResult<object> parsed, Error[] errors, string[] args, Terminal terminal)
    {
        if (errors[0] is VersionRequestedError)
        {
            terminal.Say($"causalmixft {Provenance.Program}");
            return Outcome.Done;
        }

        if (errors[0] is HelpRequestedError or HelpVerbRequestedError)
        {
            terminal.Say(Help(parsed, errors));
            return Outcome.Done;
        }

        terminal.Error.WriteLine(errors[0] is NoVerbSelectedError
            ? Help(parsed, errors)
            : $"{Outcome.Prefix}{ArgumentFault.Sentence(errors[0], parsed.TypeInfo.Current, args, s_commands)}");
        return Outcome.WrongInput;
    }

    static string Help(ParserResult<object> parsed, Error[] errors)
    {
        var command = errors[0] is HelpVerbRequestedError { Matched: true } asked ? asked.Type : parsed.TypeInfo.Current;
        var help = HelpText.AutoBuild(
            parsed,
            text =>
            {
                text.Heading = $"CausalMixFT {Provenance.Program}: causal data augmentation for tabular foundation models";
                text.Copyright = "";
                text.AdditionalNewLineAfterOption = false;
                text.AddEnumValuesToHelpText = true;
                if (s_commands.Contains(command))
                {
                    text.AddPostOptionsLine("Example:");
                    text.AddPostOptionsLine($"  {((Command)Activator.CreateInstance(command)!).Example}");
                }
                else
                {
                    text.AddPostOptionsLine("'causalmixft COMMAND --help' explains a command.");
                }

                return text;
            },
            example => example,
            verbsIndex: true,
            maxDisplayWidth: HelpWidth);
        return help.ToString().Trim('\n');
    }
}
