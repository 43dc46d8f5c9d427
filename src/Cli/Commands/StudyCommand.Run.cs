using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Reporting;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Cli.Commands;

/// <summary>study run: the work itself, in this process or in several that it starts.</summary>
sealed partial class StudyCommand
{
    void RunStudy(Terminal terminal, Study study, StudyPlan plan)
    {
        var model = LoadModel(study.Model);
        using var store = StudyStore.Open(Place);
        foreach (var (name, value) in study.Settings(model))
        {
            store.Agree(name, value);
        }

        if (Worker)
        {
            EndWithParent();
            using var device = OpenDevice(terminal);
            Work(study, model, device, plan, store, terminal.Cancellation);
            return;
        }

        int forgotten = RetryFaults ? store.ForgetFaults() : 0;
        terminal.Say($"Study: {study.Name}, {plan.Draws.Count} draws of {plan.Arms.Count} arms, {plan.Count} units{(Shard is null ? "" : $" in part {Shard}")}");
        terminal.Say($"Model: {TaskSummary.Model(model)}");
        terminal.Say($"Store: {Place}{(forgotten > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({forgotten} faults forgotten)") : "")}");
        using var watched = StudyStore.OpenExisting(Place);
        var view = new StudyView(plan, watched, Processes);
        if (Processes == 1)
        {
            using var device = OpenDevice(terminal);
            Watched(terminal, view, () => Work(study, model, device, plan, store, terminal.Cancellation));
        }
        else
        {
            using var workers = new StudyWorkers(WorkerArguments(), Processes);
            using var registration = terminal.Cancellation.Register(workers.Stop);
            terminal.Watch(view.Draw, view.Line, workers.Ended);
            workers.Ended.GetAwaiter().GetResult();
            terminal.Cancellation.ThrowIfCancellationRequested();
            terminal.Note(workers.Faults);
        }

        view.Refresh();
        int done = view.Progress.Done, faulty = view.Progress.Faulty;
        terminal.Say(string.Create(
            CultureInfo.InvariantCulture, $"Done: {done} of {plan.Count} units{(faulty > 0 ? $", {faulty} of them without scores" : "")}"));
        if (!view.Progress.IsComplete)
        {
            throw new InputException($"{plan.Count - done} units are left, because processes ended early; the same command continues.");
        }
    }

    // A device belongs to the thread that opened it, so the work stays here and the view goes to another one.
    static void Watched(Terminal terminal, StudyView view, Action work)
    {
        var ended = new TaskCompletionSource();
        var watching = Task.Run(() => terminal.Watch(view.Draw, view.Line, ended.Task));
        try
        {
            work();
        }
        finally
        {
            ended.SetResult();
            watching.Wait();
        }
    }

    static void Work(Study study, TabularModel model, ComputeDevice device, StudyPlan plan, StudyStore store, CancellationToken cancellation) =>
        new StudyRunner(study, model, device, name => GeneratorCatalog.Named(name, device), Provenance.Program).Run(plan, store, cancellation);

    // Each process has its part of the cores, unless the user says how many threads one has.
    string[] WorkerArguments()
    {
        string[] threads = Threads is null
            ? ["--threads", Math.Max(1, Environment.ProcessorCount / Processes).ToString(CultureInfo.InvariantCulture)] : [];
        string[] dropped = ["--retry-faults"];
        return [.. Args.Except(dropped), "--worker", .. threads];
    }

    // The parent holds the other end of this process's input: it ends with the parent, even when that is killed.
    static void EndWithParent() => new Thread(() =>
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(Outcome.Stopped);
    })
    { IsBackground = true }.Start();
}
