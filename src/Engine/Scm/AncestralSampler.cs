using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Scm;

/// <summary>Samples rows from structural causal models, causes before effects.</summary>
/// <remarks>
/// Cell (row, column) is a pure function of the model, what is asked for, the seed, the row and the column: a table of 1000 rows
/// is the first 1000 of a million, and shards put together are the whole, whatever the threads and blocks.
/// </remarks>
public static class AncestralSampler
{
    /// <summary>Rows sampled at once.</summary>
    const int BlockRows = 1 << 16;

    // Candidates of one model drawn at once: of many models fewer, for each holds its own.
    const int MostCandidates = 1 << 16, FewestCandidates = 1 << 13;

    // Rows that tell which of two classes is rarer.
    const int PilotRows = 1 << 16;

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
        IProgress<double>? progress = null) =>
        Sample([scm], new SampleRequest { Rows = rows, FirstRow = firstRow }, seed, device, progress);

    /// <summary>The rows that are asked for, as one table.</summary>
    /// <param name="models">One model, or those of an ensemble, of the same columns: rows come from each by turns.</param>
    /// <param name="request">Which rows.</param>
    /// <param name="seed">Which endless table.</param>
    /// <param name="device">Where to sample.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    /// <exception cref="InputException">
    /// The request names what the models do not have, or its budget is spent before the rows are found.
    /// </exception>
    public static Table Sample(
        IReadOnlyList<StructuralCausalModel> models,
        SampleRequest request,
        ulong seed,
        ComputeDevice device,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(request);
        int rows = checked((int)request.Rows);
        CheckRows(request);
        var asked = Intervened(models, request);
        var cells = Cells(asked[0], rows);
        using var source = Open(asked, request, seed, device, Math.Min(rows, BlockRows));
        for (int row = 0; row < rows; row += BlockRows)
        {
            int count = Math.Min(BlockRows, rows - row);
            source.Sample(seed, (uint)(request.FirstRow + row), count, cells, row);
            progress?.Report((double)(row + count) / rows);
        }

        return ToTable(asked[0], cells);
    }

    /// <summary>The same rows in blocks, one in memory at a time.</summary>
    /// <inheritdoc cref="Sample(IReadOnlyList{StructuralCausalModel}, SampleRequest, ulong, ComputeDevice, IProgress{double}?)"/>
    /// <param name="models">One model, or those of an ensemble.</param>
    /// <param name="request">Which rows.</param>
    /// <param name="seed">Which endless table.</param>
    /// <param name="device">Where to sample.</param>
    /// <param name="blockRows">Rows in a block; null for the default.</param>
    /// <param name="progress">Told the share of rows that are done.</param>
    /// <param name="tally">Told, after each block, how many rows were drawn and how many of them kept, where any are thrown away.</param>
    public static IEnumerable<Table> Stream(
        IReadOnlyList<StructuralCausalModel> models,
        SampleRequest request,
        ulong seed,
        ComputeDevice device,
        int? blockRows = null,
        IProgress<double>? progress = null,
        Action<long, long>? tally = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(request);
        CheckRows(request);
        int most = blockRows ?? BlockRows;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        return Blocks();

        IEnumerable<Table> Blocks()
        {
            var asked = Intervened(models, request);
            using var source = Open(asked, request, seed, device, (int)Math.Min(request.Rows, most));
            for (long row = 0; row < request.Rows; row += most)
            {
                int count = (int)Math.Min(most, request.Rows - row);
                var cells = Cells(asked[0], count);
                source.Sample(seed, (uint)(request.FirstRow + row), count, cells, 0);
                progress?.Report((double)(row + count) / request.Rows);
                tally?.Invoke(source.Tally.Drawn, source.Tally.Kept);
                yield return ToTable(asked[0], cells);
            }
        }
    }

    static StructuralCausalModel[] Intervened(IReadOnlyList<StructuralCausalModel> models, SampleRequest request)
    {
        var set = Intervention.ParseAll(request.Do, models[0].Nodes);
        return [.. models.Select(scm => set.Aggregate(scm, (changed, one) => one.On(changed, request.BeyondSupport)))];
    }

    static IRowSource Open(
        StructuralCausalModel[] models, SampleRequest request, ulong seed, ComputeDevice device, int capacity)
    {
        var nodes = models[0].Nodes;
        RowCondition[] conditions = [.. request.Where.SelectMany(text => RowCondition.Parse(text, nodes))];
        foreach (var scm in models)
        {
            RootRestriction.Check(scm, conditions, request.BeyondSupport);
        }

        var quotas = Quotas(models, request, seed, device);
        int each = models.Length == 1 ? capacity : EnsembleSource.MostEach(capacity, models.Length);
        int candidates = Math.Max(FewestCandidates, MostCandidates / models.Length);
        IRowSource[] sources = [.. models.Select((scm, number) => conditions.Length == 0 && quotas is null
            ? new BlockSampler(scm, device, each, request.BeyondSupport)
            : Cohorts(scm, number))];
        return sources is [var only] ? only : new EnsembleSource(sources, nodes.Count, capacity);

        // Models of an ensemble begin at different turns, so that they do not all give the same class at once.
        IRowSource Cohorts(StructuralCausalModel scm, int number) => new CohortSource(
            new BlockSampler(RootRestriction.Apply(scm, conditions), device, candidates, request.BeyondSupport),
            nodes, conditions, quotas, request.Budget, candidates, firstTurn: number);
    }

    static ClassQuotas? Quotas(StructuralCausalModel[] models, SampleRequest request, ulong seed, ComputeDevice device)
    {
        if (request.Balance is not { } column)
        {
            return request.ClassShares.Count == 0
                ? null
                : ClassQuotas.Parse(request.ClassShares, models[0].Nodes, index => RarerOfTwo(models[0], index, seed, device));
        }

        return request.ClassShares.Count == 0
            ? ClassQuotas.Balanced(column, models[0].Nodes)
            : throw new InputException("Give class shares or a column to balance, not both: equal shares are class shares too.");
    }

    // The level that fewer of the model's rows have.
    static int RarerOfTwo(StructuralCausalModel scm, int index, ulong seed, ComputeDevice device)
    {
        var cells = Cells(scm, PilotRows);
        using var source = new BlockSampler(scm, device, PilotRows);
        source.Sample(seed, 0, PilotRows, cells, 0);
        return cells[index].Count(cell => cell == 0) <= cells[index].Count(cell => cell == 1) ? 0 : 1;
    }

    static void CheckRows(SampleRequest request)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(request.Rows);
        ArgumentOutOfRangeException.ThrowIfNegative(request.FirstRow);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Budget, 1);

        // Rows are counted in 32 bits of the generator's counter.
        if (request.FirstRow + request.Rows > uint.MaxValue)
        {
            throw new InputException(
                $"Row {request.FirstRow + request.Rows} is beyond the {uint.MaxValue} rows of one seed; use another seed for more.");
        }
    }

    static double[][] Cells(StructuralCausalModel scm, int rows) =>
        [.. scm.Nodes.Select(_ => GC.AllocateUninitializedArray<double>(rows))];

    static Table ToTable(StructuralCausalModel scm, double[][] cells) => new(
        [.. scm.Nodes.Select((node, i) =>
            new Column(node.Name, node.Kind, cells[i], node.IsDiscrete ? node.Levels : null, node.Decimals))]);
}
