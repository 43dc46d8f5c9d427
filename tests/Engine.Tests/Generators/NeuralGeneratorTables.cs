using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Tables that are awkward for a network of one-hot blocks and modes, by name.</summary>
static class NeuralGeneratorTables
{
    internal static readonly string[] Names =
        ["mixed", "missing", "tiny", "many levels", "constant in a class", "ten classes", "categories only", "extreme numbers"];

    internal static ClassificationTask Make(string name) => name switch
    {
        "mixed" => Task(120, 2, Number, Whole, Day, YesNo, Level(3)),
        "missing" => Task(90, 2, Holed(Number, 3), Holed(Whole, 4), Holed(Day, 5), Holed(YesNo, 6), Holed(Level(4), 2)),
        "tiny" => Task(20, 2, Number, Level(2)),
        "many levels" => Task(600, 3, Level(300), Number),
        "constant in a class" => Task(80, 2, (rows, labels, random) => new(
            "number", ColumnKind.Numeric, [.. labels.Select((k, i) => k == 0 ? 1.5 : Math.Round(random.Normal((uint)i, 9), 2))], null, 2)),
        "ten classes" => Task(100, 10, Number, Level(3)),
        "categories only" => Task(60, 2, Level(5), YesNo),
        "extreme numbers" => Task(80, 2, Number, (rows, labels, random) => new(
            "extreme", ColumnKind.Numeric, [.. labels.Select((_, i) => i % 7 == 0 ? 1e300 : random.Normal((uint)i, 8) * 1e-300)], null, 400)),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Unknown table."),
    };

    delegate Column Maker(int rows, int[] labels, Philox random);

    static ClassificationTask Task(int rows, int classes, params Maker[] makers)
    {
        // Class k has about half the rows of class k − 1, and at least two.
        int[] labels = [.. Enumerable.Range(0, rows).Select(i =>
            i < 2 * classes ? i % classes : Enumerable.Range(0, classes - 1).TakeWhile(k => (i >> k) % 2 == 1).Count())];
        var columns = makers.Select((make, i) =>
        {
            var column = make(rows, labels, new Philox((ulong)i + 1));
            return new Column($"{column.Name}{i}", column.Kind, column.Values.ToArray(), column.IsDiscrete ? column.Levels : null, column.Decimals);
        });
        string[] names = [.. Enumerable.Range(0, classes).Select(k => $"class {k}")];
        var target = new Column("target", ColumnKind.Categorical, [.. labels.Select(k => (double)k)], names);
        return ClassificationTask.From(new(new([.. columns, target]), []), "target");
    }

    static Column Number(int rows, int[] labels, Philox random) => new(
        "number", ColumnKind.Numeric, [.. labels.Select((k, i) => Math.Round(3 * k + random.Normal((uint)i, 1), 2))], null, 2);

    // Mostly 0, and else a whole number.
    static Column Whole(int rows, int[] labels, Philox random) => new(
        "whole", ColumnKind.Integer, [.. labels.Select((k, i) => i % 3 > 0 ? 0.0 : 10 + random.Below(90, (uint)i, 2))]);

    static Column Day(int rows, int[] labels, Philox random) => new(
        "day", ColumnKind.Date, [.. labels.Select((k, i) => 738_000.0 + random.Below(2000, (uint)i, 3))]);

    static Column YesNo(int rows, int[] labels, Philox random) => new(
        "yes", ColumnKind.Boolean, [.. labels.Select((k, i) => (double)((i + k) % 2))], ["no", "yes"]);

    static Maker Level(int levels) => (rows, labels, random) => new(
        "level", ColumnKind.Categorical, [.. labels.Select((_, i) => i < levels ? i : (double)random.Below(levels, (uint)i, 4))],
        [.. Enumerable.Range(0, levels).Select(level => $"level {level}")]);

    static Maker Holed(Maker make, int every) => (rows, labels, random) =>
    {
        var column = make(rows, labels, random);
        double[] cells = [.. column.Values.ToArray().Select((value, i) => i % every == 0 ? double.NaN : value)];
        return new(column.Name, column.Kind, cells, column.IsDiscrete ? column.Levels : null, column.Decimals);
    };
}
