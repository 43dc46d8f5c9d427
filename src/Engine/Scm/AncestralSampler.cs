using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Scm;

/// <summary>Samples rows from a structural causal model, causes before effects.</summary>
/// <remarks>
/// Cell (row, column) is a pure function of the model, the seed, the row and the column: a table of 1000 rows is the
/// first 1000 of a million, and shards put together are the whole, whatever the threads and blocks.
/// </remarks>
public static class AncestralSampler
{
    /// <summary>Rows sampled at once when streaming.</summary>
    /// <remarks>No power of two: columns that lie 2¹⁶ floats apart would share the cache's few ways.</remarks>
    const int BlockRows = (1 << 16) + 32;

    /// <summary>
    /// Rows <paramref name="firstRow"/> … <paramref name="firstRow"/> + <paramref name="rows"/> − 1 of the seed's
    /// endless table.
    /// </summary>
    /// <param name="scm">The model.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="seed">Which endless table.</param>
    /// <param name="device">Where to sample.</param>
    /// <param name="firstRow">The first row: a shard starts where the one before ends.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    public static Table Sample(
        StructuralCausalModel scm,
        int rows,
        ulong seed,
        ComputeDevice device,
        long firstRow = 0,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scm);
        CheckRows(rows, firstRow);
        var cells = Cells(scm, rows);
        using var sampler = new BlockSampler(scm, device, Math.Min(rows, BlockRows));
        for (int row = 0; row < rows; row += BlockRows)
        {
            int count = Math.Min(BlockRows, rows - row);
            sampler.Sample(seed, (uint)(firstRow + row), count, cells, row);
            progress?.Report((double)(row + count) / rows);
        }

        return ToTable(scm, cells);
    }

    /// <summary>The same rows in blocks, one in memory at a time.</summary>
    /// <param name="scm">The model.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="seed">Which endless table.</param>
    /// <param name="device">Where to sample.</param>
    /// <param name="firstRow">The first row.</param>
    /// <param name="blockRows">Rows in a block; null for the default.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    public static IEnumerable<Table> Stream(
        StructuralCausalModel scm,
        long rows,
        ulong seed,
        ComputeDevice device,
        long firstRow = 0,
        int? blockRows = null,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scm);
        CheckRows(rows, firstRow);
        int most = blockRows ?? BlockRows;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return Blocks();

        IEnumerable<Table> Blocks()
        {
            using var sampler = new BlockSampler(scm, device, (int)Math.Min(rows, most));
            for (long row = 0; row < rows; row += most)
            {
                int count = (int)Math.Min(most, rows - row);
                var cells = Cells(scm, count);
                sampler.Sample(seed, (uint)(firstRow + row), count, cells, 0);
                progress?.Report((double)(row + count) / rows);
                yield return ToTable(scm, cells);
            }
        }
    }

    /// <summary>
    /// Rows whose target has given class shares: the endless table's rows in order, each kept while its class has
    /// room.
    /// </summary>
    /// <remarks>
    /// Rejection keeps P(other columns | class) as the model has it. A class that is too rare for the budget stays
    /// short of its share, and a note says by how much.
    /// </remarks>
    /// <param name="scm">The model.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="target">The discrete column whose shares are wanted.</param>
    /// <param name="classShares">
    /// The share of each level, by name; levels left out get none. Null for equal shares.
    /// </param>
    /// <param name="seed">Which endless table.</param>
    /// <param name="device">Where to sample.</param>
    /// <param name="budget">Most rows drawn for each row wanted.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    public static BalancedSample SampleBalanced(
        StructuralCausalModel scm,
        int rows,
        string target,
        IReadOnlyDictionary<string, double>? classShares,
        ulong seed,
        ComputeDevice device,
        int budget = 100,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scm);
        CheckRows(rows, 0);
        int column = scm.Nodes.ToList().FindIndex(node => node.Name == target);
        if (column < 0 || !scm.Nodes[column].IsDiscrete)
        {
            throw new InputException(
                $"The model has no discrete column '{target}' to balance; its discrete columns are "
                + $"{ColumnNames.List(scm.Nodes.Where(node => node.IsDiscrete).Select(node => node.Name))}.");
        }

        var node = scm.Nodes[column];
        int[] room = Quotas(node, rows, classShares);
        int[] wanted = [.. room];
        var kept = Cells(scm, rows);
        int found = 0;
        long drawn = 0, most = Math.Min((long)rows * budget, uint.MaxValue);
        int blockRows = (int)Math.Clamp(4L * rows, 1, BlockRows);
        using var sampler = new BlockSampler(scm, device, blockRows);
        var block = Cells(scm, blockRows);
        while (found < rows && drawn < most)
        {
            int count = (int)Math.Min(blockRows, most - drawn);
            sampler.Sample(seed, (uint)drawn, count, block, 0);
            for (int row = 0; row < count && found < rows; row++)
            {
                double level = block[column][row];
                if (double.IsNaN(level) || room[(int)level] == 0)
                {
                    continue;
                }

                room[(int)level]--;
                for (int i = 0; i < kept.Length; i++)
                {
                    kept[i][found] = block[i][row];
                }

                found++;
            }

            drawn += count;
            progress?.Report((double)found / rows);
        }

        var notes = Enumerable.Range(0, room.Length).Where(level => room[level] > 0).Select(level =>
            $"Class '{node.Levels[level]}' of '{target}' has {wanted[level] - room[level]} of {wanted[level]} rows: "
            + $"the model draws it too rarely for {drawn} draws.").ToArray();
        return new(ToTable(scm, [.. kept.Select(cells => cells[..found])]), drawn, notes);
    }

    // Rows for each level: whole parts first, then the largest remainders.
    static int[] Quotas(ScmNode node, int rows, IReadOnlyDictionary<string, double>? classShares)
    {
        var shares = new double[node.Levels.Count];
        if (classShares is null)
        {
            foreach (double level in ((ValueList)node.Support).Values)
            {
                shares[(int)level] = 1;
            }
        }
        else
        {
            foreach (var (name, share) in classShares)
            {
                int level = node.Levels.ToList().IndexOf(name);
                if (level < 0 || !(share >= 0) || double.IsInfinity(share))
                {
                    throw new InputException(
                        $"The class share {share} of '{name}' is not usable: name a level of '{node.Name}' "
                        + $"({ColumnNames.List(node.Levels)}) and a share of 0 or more.");
                }

                shares[level] = share;
            }
        }

        double total = shares.Sum();
        if (!(total > 0))
        {
            throw new InputException(
                $"The class shares of '{node.Name}' sum to {total}; give at least one level a share above 0.");
        }

        int[] quotas = [.. shares.Select(share => (int)(rows * share / total))];
        var byRemainder = Enumerable.Range(0, quotas.Length).Where(i => shares[i] > 0)
            .OrderByDescending(i => rows * shares[i] / total - quotas[i]).ThenBy(i => i).ToArray();
        for (int i = 0, left = rows - quotas.Sum(); i < left; i++)
        {
            quotas[byRemainder[i % byRemainder.Length]]++;
        }

        return quotas;
    }

    static void CheckRows(long rows, long firstRow)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);

        // Rows are counted in 32 bits of the generator's counter.
        if (firstRow + rows > uint.MaxValue)
        {
            throw new InputException(
                $"Row {firstRow + rows} is beyond the {uint.MaxValue} rows of one seed; use another seed for more.");
        }
    }

    static double[][] Cells(StructuralCausalModel scm, int rows) => [.. scm.Nodes.Select(_ => new double[rows])];

    static Table ToTable(StructuralCausalModel scm, double[][] cells) => new(
        [.. scm.Nodes.Select((node, i) =>
            new Column(node.Name, node.Kind, cells[i], node.IsDiscrete ? node.Levels : null, node.Decimals))]);
}

/// <summary>A sample with chosen class shares.</summary>
/// <param name="Table">The rows.</param>
/// <param name="Drawn">How many rows were drawn to find them.</param>
/// <param name="Notes">One sentence for each class that stayed short of its share.</param>
public sealed record BalancedSample(Table Table, long Drawn, IReadOnlyList<string> Notes);
