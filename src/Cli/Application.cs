using System.Globalization;
using CausalMixFT.Cli.Commands;
using CausalMixFT.Engine.Reporting;
using CommandLine;

namespace CausalMixFT.Cli;

/// <summary>The program: finds the command, runs it, and turns every outcome into an exit code.</summary>
static class Application
{
    static readonly Type[] AllCommands =
    [
        typeof(RunCommand), typeof(DiscoverCommand), typeof(CompareCommand), typeof(FitCommand), typeof(SampleCommand), typeof(GenerateCommand), typeof(CounterfactualCommand), typeof(FineTuneCommand),
        typeof(PredictCommand), typeof(EvaluateCommand), typeof(StudyCommand), typeof(PretrainCommand), typeof(ModelCommand), typeof(DevicesCommand),
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
        var parsed = parser.ParseArguments(args, AllCommands);
        return parsed.MapResult(
            command => Outcome.Of((Command)command, args, terminal),
            errors => Explain(parsed, [.. errors], args, terminal));
    }

    static int Explain(ParserResult<object> parsed, Error[] errors, string[] args, Terminal terminal)
    {
        var command = errors[0] is HelpVerbRequestedError { Matched: true } asked ? asked.Type : parsed.TypeInfo.Current;
        switch (errors[0])
        {
            case VersionRequestedError:
                terminal.Say($"causalmixft {Provenance.Program}");
                return Outcome.Done;
            case HelpRequestedError or HelpVerbRequestedError:
                terminal.Say(AllCommands.Contains(command) ? HelpPage.Of(command) : HelpPage.OfAll(AllCommands));
                return Outcome.Done;
            case NoVerbSelectedError:
                terminal.Error.WriteLine(HelpPage.OfAll(AllCommands));
                return Outcome.WrongInput;
            default:
                // What is missing may only be so because of something that was not understood.
                var first = errors.FirstOrDefault(error => error is not MissingRequiredOptionError) ?? errors[0];
                terminal.Error.WriteLine($"{Outcome.Prefix}{ArgumentFault.Sentence(first, command, args, AllCommands)}");
                return Outcome.WrongInput;
        }
    }
}
