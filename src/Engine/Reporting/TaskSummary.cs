using System.Globalization;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Reporting;

/// <summary>What stands at the head of logs and reports about tables and models.</summary>
public static class TaskSummary
{
    /// <summary>"5,000 rows, 20 columns (15 numeric, 4 categorical, 1 boolean)".</summary>
    public static string Shape(Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var kinds = table.Columns
            .GroupBy(column => column.Kind is ColumnKind.Integer ? ColumnKind.Numeric : column.Kind)
            .OrderBy(group => group.Key)
            .Select(group => Text($"{group.Count()} {group.Key}").ToLowerInvariant());
        return Text($"{Count(table.Rows, "row")}, {Count(table.Columns.Count, "column")} ({string.Join(", ", kinds)})");
    }

    /// <summary>"churn: yes 707, no 4,293 (skew 6.1 : 1)": classes by rising count.</summary>
    public static string Classes(ClassificationTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        var counts = Counts(task);
        return $"{task.Target}: {string.Join(", ", counts.Select(pair => Text($"{pair.Name} {pair.Rows:N0}")))} (skew {Skew(task)})";
    }

    /// <summary>"price: 5,000 numbers from 0.5 to 12": what is to be predicted.</summary>
    public static string Numbers(RegressionTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Text($"{task.Target}: {Count(task.Values.Length, "number")} from {task.Values.Min()} to {task.Values.Max()}");
    }

    /// <summary>How often each class occurs, the rarest first.</summary>
    public static IReadOnlyList<(string Name, int Rows)> Counts(ClassificationTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return [.. task.Labels.CountBy(label => label).OrderBy(pair => pair.Value).ThenBy(pair => pair.Key)
            .Select(pair => (task.ClassNames[pair.Key], pair.Value))];
    }

    /// <summary>The largest class against the smallest: "6.1 : 1".</summary>
    public static string Skew(ClassificationTask task)
    {
        var counts = Counts(task);
        return Text($"{(double)counts[^1].Rows / counts[0].Rows:0.#} : 1");
    }

    /// <summary>"405,322 weights, 3 layers of width 96, from pretrain --seed 1".</summary>
    public static string Model(TabularModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Text($"{model.ParameterCount:N0} weights, {Count(model.Config.Layers, "layer")} of width {model.Config.Width}, from: {model.Origin}");
    }

    /// <summary>"at most 400 context rows and 100 query rows, 52 MiB of memory": the steps of a fine-tuning run.</summary>
    public static string Steps(StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Text(
            $"at most {Count(plan.ContextRows, "context row")} and {Count(plan.QueryRows, "query row")}, {plan.MemoryBytes / (double)(1 << 20):N0} MiB of memory{(plan.Recompute ? ", activations computed again" : "")}");
    }

    /// <summary>"1 row", "5,000 rows".</summary>
    public static string Count(int count, string noun) => Text($"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
