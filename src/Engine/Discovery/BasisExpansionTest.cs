using CausalMixFT.Engine.Encoding;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>The mixed test with numbers expanded to a basis: sees dependence along curves, where correlation is 0.</summary>
/// <remarks>
/// With x, y the columns themselves (a number's one, a category's indicators), x⁺, y⁺ the bounded functions of their ranks
/// and Z all functions of all that is given, the sum of Bartlett's statistics of three Wilks' Λ,
/// <c>Λ(x, y | Z) · Λ(x, y⁺ | Z y) · Λ(x⁺, y | Z x)</c>, follows χ² with |X||Y| + |X||Y⁺| + |X⁺||Y| degrees of freedom;
/// under independence the three are uncorrelated. What is left out is x⁺ with y⁺: given several causes their means hold
/// products of causes, which no function of one cause explains, and the two would look dependent. In each of the three,
/// one side is a variable itself, and it is enough that its own mean is a sum of functions of the causes. So links by
/// the mean (either on the other) are seen, and links of the spread alone are not.
/// </remarks>
public sealed class BasisExpansionTest : IIndependenceTest, IDisposable
{
    // The parts of each variable's block: itself, the functions it is tested by, and those it is only given by.
    const int Parts = 3, Itself = 0, Tested = 1, Given = 2;

    readonly WilksLambda _wilks;
    readonly DeviceArray<double> _correlation;
    readonly DeviceArray<int> _starts;
    readonly bool[] _constant;
    readonly int _rows;
    WilksResult[] _results = [];

    /// <summary>The test of <paramref name="blocks"/>, whose numbers were expanded.</summary>
    public BasisExpansionTest(BlockEncoding blocks, ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(device);
        _wilks = WilksLambda.On(device);
        _rows = blocks.Rows;
        int variables = blocks.Levels.Count;
        _constant = new bool[variables];
        var starts = new int[Parts * variables + 1];
        for (int variable = 0; variable < variables; variable++)
        {
            int first = blocks.Starts[variable], end = blocks.Starts[variable + 1];
            bool number = blocks.Levels[variable] == 1;
            _constant[variable] = first == end;
            starts[Parts * variable + Itself] = first;
            starts[Parts * variable + Tested] = number ? Math.Min(first + 1, end) : end;
            starts[Parts * variable + Given] = number ? Math.Min(first + blocks.BasisColumns, end) : end;
        }

        starts[^1] = blocks.Starts[^1];
        _correlation = device.Allocate<double>(Correlation.Of(blocks, device));
        _starts = device.Allocate<int>(starts);
    }

    /// <inheritdoc/>
    public string Name => "basis";

    /// <inheritdoc/>
    public long Undecided { get; private set; }

    /// <inheritdoc/>
    public void PValues(QueryBatch queries, Span<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(queries);
        var linear = new QueryBatch(Parts * queries.Depth);
        var curvedY = new QueryBatch(Parts * queries.Depth + 1);
        var curvedX = new QueryBatch(Parts * queries.Depth + 1);
        Span<int> given = stackalloc int[Parts * queries.Depth + 1], order = stackalloc int[queries.Depth];
        for (int query = 0; query < queries.Count; query++)
        {
            // One way round, so that p is the same to the last bit.
            var variables = queries[query];
            int x = Parts * Math.Min(variables[0], variables[1]), y = Parts * Math.Max(variables[0], variables[1]);
            variables[2..].CopyTo(order);
            order.Sort();
            for (int i = 0; i < given.Length - 1; i++)
            {
                given[i] = Parts * order[i / Parts] + i % Parts;
            }

            linear.Add(x + Itself, y + Itself, given[..^1]);
            given[^1] = y + Itself;
            curvedY.Add(x + Itself, y + Tested, given);
            given[^1] = x + Itself;
            curvedX.Add(x + Tested, y + Itself, given);
        }

        if (_results.Length < 3 * queries.Count)
        {
            _results = new WilksResult[3 * queries.Count];
        }

        var first = _results.AsSpan(0, queries.Count);
        var second = _results.AsSpan(queries.Count, queries.Count);
        var third = _results.AsSpan(2 * queries.Count, queries.Count);
        _wilks.Compute(_correlation, _starts, linear, first);
        _wilks.Compute(_correlation, _starts, curvedY, second);
        _wilks.Compute(_correlation, _starts, curvedX, third);
        for (int query = 0; query < queries.Count; query++)
        {
            var variables = queries[query];
            bool constant = _constant[variables[0]] || _constant[variables[1]];
            bool determined = !constant && (first[query].RankX == 0 || first[query].RankY == 0);
            Undecided += determined ? 1 : 0;
            double statistic = 0;
            int degrees = 0;
            foreach (var result in (ReadOnlySpan<WilksResult>)[first[query], second[query], third[query]])
            {
                // Without room for its factor a part says nothing.
                if (result.BartlettFactor(_rows) is var factor and > 0)
                {
                    statistic -= factor * Math.Log(result.Lambda);
                    degrees += result.RankX * result.RankY;
                }
            }

            pValues[query] = constant ? 1 : determined ? 0 : TailProbability.ChiSquare(statistic, degrees);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _correlation.Dispose();
        _starts.Dispose();
    }
}
