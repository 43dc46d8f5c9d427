using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Generators;

public class ModeColumnFacts
{
    [Fact]
    public void Encoding_and_decoding_give_the_cell_back()
    {
        var random = new Philox(1);
        double[] cells = [.. Enumerable.Range(0, 400).Select(i =>
            i % 10 == 0 ? double.NaN : i % 3 == 0 ? 7 : Math.Round(random.Normal((uint)i, 0) + (i % 2) * 20, 4))];
        var column = ModeColumn.Of(new Column("x", ColumnKind.Numeric, cells, null, 4), new int[400], 1);
        var (entry, number) = column.Encode(random, 1);
        Assert.True(column.ModeCount >= 2);
        for (int row = 0; row < cells.Length; row++)
        {
            // A number in a mode is a float: 6e-8 of four deviations, far below half a grid step.
            Assert.Equal(cells[row], column.Decode(entry[row], number[row], 0, 0));
        }
    }

    [Fact]
    public void Numbers_that_pile_up_are_entries_and_their_neighbours_are_not()
    {
        double[] cells = [.. Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? 40.0 : i % 5 == 0 ? 0 : 20 + i % 61)];
        var column = ModeColumn.Of(new Column("hours", ColumnKind.Integer, cells), new int[1000], 1);
        var (entry, _) = column.Encode(new Philox(1), 0);
        int piles = column.Entries - column.ModeCount;
        Assert.Equal(2, piles);
        Assert.All(cells.Zip(entry), pair => Assert.Equal(pair.First is 40 or 0, pair.Second < piles));
    }

    [Fact]
    public void A_column_of_few_numbers_is_a_list_of_them()
    {
        double[] cells = [.. Enumerable.Range(0, 100).Select(i => (double)(i % 7))];
        var column = ModeColumn.Of(new Column("few", ColumnKind.Integer, cells), new int[100], 1);
        Assert.Equal((7, 0), (column.Entries, column.ModeCount));
    }

    [Fact]
    public void Rare_levels_share_an_entry_and_come_back_as_often_as_their_class_has_them()
    {
        const int Rows = 2000;
        string[] levels = [.. Enumerable.Range(0, 300).Select(level => $"level {level}")];
        double[] cells = [.. Enumerable.Range(0, Rows).Select(i => (double)(i < 300 ? i : i % 50))];
        int[] classes = [.. cells.Select(level => level >= 200 ? 1 : 0)];
        var column = ModeColumn.Of(new Column("x", ColumnKind.Categorical, cells, levels), classes, 2);
        Assert.Equal(100, column.Entries);
        var (entry, _) = column.Encode(new Philox(1), 0);
        int other = entry[299];
        double[] drawn = [.. Enumerable.Range(0, 1000).Select(i => column.Decode(other, 0, 1, i / 1000.0))];
        Assert.All(drawn, level => Assert.InRange(level, 200, 299));
        Assert.Equal(100, drawn.Distinct().Count());
        Assert.All(Enumerable.Range(0, 100), i => Assert.InRange(column.Decode(other, 0, 0, i / 100.0), 99, 199));
    }

    [Fact]
    public void Numbers_that_repeat_come_back_as_numbers_that_were_seen()
    {
        double[] cells = [.. Enumerable.Range(0, 600).Select(i => (double)(i % 60 * (i % 60)))];
        var column = ModeColumn.Of(new Column("x", ColumnKind.Integer, cells), new int[600], 1);
        Assert.True(column.ModeCount > 0);
        for (double number = -1; number <= 1; number += 0.01)
        {
            Assert.Contains(column.Decode(column.Entries - 1, number, 0, 0), cells);
        }
    }
}
