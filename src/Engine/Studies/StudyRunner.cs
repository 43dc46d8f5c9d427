using System.Diagnostics;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Studies;

/// <summary>Does what is left of a study, draw by draw, beside any other process that does the same.</summary>
/// <remarks>
/// A draw is claimed (<see cref="StudyClaims"/>), its missing arms are worked out one after another, and each is appended to the
/// store at once. A process that is killed loses the arm it was at, and nothing else; its draw is free again, and the arms that
/// are left come out bit for bit as they would have, because all that they draw depends on the study and the draw alone.
/// </remarks>
/// <param name="study">The study.</param>
/// <param name="model">The model that is fine-tuned.</param>
/// <param name="device">Where everything runs; borrowed.</param>
/// <param name="generators">A generator by its name and the options that stand after it.</param>
/// <param name="program">The program's version, for the record.</param>
public sealed class StudyRunner(
    Study study, TabularModel model, ComputeDevice device, Func<string, IRowGenerator> generators, string program)
{
    // How soon a process without a draw sees that another one was killed.
    static readonly TimeSpan Wait = TimeSpan.FromSeconds(0.5);

    StudyTable? _table;

    /// <summary>Works until every unit of a plan is done, by this process or by another.</summary>
    /// <param name="plan">The plan, or a shard of it.</param>
    /// <param name="store">Where results go.</param>
    /// <param name="cancellation">Ends the work; what is done is kept.</param>
    public void Run(StudyPlan plan, StudyStore store, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(store);
        var files = TableFile.In(study.Tables).ToDictionary(TableFile.NameOf, StringComparer.Ordinal);
        using var claims = new StudyClaims(store);
        var progress = new StudyProgress(plan);
        progress.Refresh(store);
        while (!progress.IsComplete)
        {
            cancellation.ThrowIfCancellationRequested();
            if (claims.Next(progress.Left) is { } draw)
            {
                // Between the last look and the claim, another process may have finished the draw.
                progress.Refresh(store);
                Run(draw, progress.LeftOf(draw), files, store, claims, cancellation);
                claims.ReleaseAll();
            }
            else
            {
                cancellation.WaitHandle.WaitOne(Wait);
            }

            progress.Refresh(store);
        }
    }

    void Run(
        StudyDraw draw, IReadOnlyList<StudyArm> arms, Dictionary<string, string> files, StudyStore store, StudyClaims claims,
        CancellationToken cancellation)
    {
        if (arms.Count == 0)
        {
            return;
        }

        var clock = Stopwatch.StartNew();
        if (_table?.Name != draw.Table)
        {
            claims.Tell("reading the table");
            store.Agree($"table {draw.Table}", TableFile.Sha256(files[draw.Table]));
            _table = StudyTable.Read(study, files[draw.Table], model.Config.Classes);
        }

        var rows = DrawnRows.Draw(study, _table, draw, model, out string? fault);
        using var work = rows is null ? null : new DrawArms(study, draw, rows, model, device, generators, cancellation);
        foreach (var arm in arms)
        {
            claims.Tell(arm.Name);
            var result = work is null ? DrawArms.Faulty(draw.Unit(arm), StudyDone.NotPossible + fault) : Try(work, draw, arm);
            store.Append(result, new(clock.Elapsed.TotalSeconds, device.Name, program));
            clock.Restart();
            cancellation.ThrowIfCancellationRequested();
        }
    }

    // One arm that fails must not take a study of days with it: its fault is on record, and study run --retry-faults tries again.
    static StudyResult Try(DrawArms work, StudyDraw draw, StudyArm arm)
    {
        try
        {
            return work.Run(arm);
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or OutOfMemoryException))
        {
            if (fault is AggregateException { InnerException: OperationCanceledException cancelled })
            {
                throw cancelled;
            }

            return DrawArms.Faulty(
                draw.Unit(arm), fault is InputException ? fault.Message : $"internal fault: {fault.GetType().Name}: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }
}
