using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>A structural causal model loaded on a device: samples blocks of rows.</summary>
/// <remarks>
/// The block is column-major on the device. Each node owns a column with its codes or its standardised value, and a
/// second one with what its children see, where that differs. Node i draws from stream 3i, its missing cells from 3i +
/// 1, the gate of a two-part model from 3i + 2.
/// </remarks>
sealed class BlockSampler : IDisposable
{
    // A grid finer than this share of the range is beyond a float: rounded on the host only.
    const double MostGridSteps = 1 << 22;

    readonly StructuralCausalModel _scm;
    readonly ComputeDevice _device;
    readonly List<IDisposable> _owned = [];
    readonly int[] _valueColumn, _featureColumn;
    readonly Action<RowDraws, Tensor, Tensor>[] _samplers;
    readonly DeviceArray<float> _storage, _scratch;
    readonly int _columns, _outputs = 1;
    readonly LinearPredictor _predictor;
    readonly MechanismSampler<Additive> _additive;
    readonly CategoricalSampler _categorical;
    readonly AtomSampler _atom;
    readonly EmpiricalSampler _empirical;
    readonly MonotoneLink _link;
    readonly SupportProjection _projection;

    public BlockSampler(StructuralCausalModel scm, ComputeDevice device, int capacity)
    {
        (_scm, _device, Capacity) = (scm, device, capacity);
        _predictor = LinearPredictor.On(device);
        _additive = MechanismSampler<Additive>.On(device);
        _categorical = CategoricalSampler.On(device);
        _atom = AtomSampler.On(device);
        _empirical = EmpiricalSampler.On(device);
        _link = MonotoneLink.On(device);
        _projection = SupportProjection.On(device);
        int count = scm.Nodes.Count;
        _valueColumn = new int[count];
        _featureColumn = new int[count];
        for (int i = 0; i < count; i++)
        {
            _valueColumn[i] = _featureColumn[i] = _columns++;
            if (scm.Nodes[i].Support is ValueList { Features: not null } or ValueRange { Curve: not null })
            {
                _featureColumn[i] = _columns++;
            }

            if (scm.Nodes[i].Mechanism is CategoricalMechanism categorical)
            {
                _outputs = Math.Max(_outputs, categorical.Predictor.Intercepts.Length);
            }
        }

        _storage = Own(device.Allocate<float>(checked(_columns * capacity)));
        _scratch = Own(device.Allocate<float>(checked(_outputs * capacity)));
        _samplers = [.. Enumerable.Range(0, count).Select(Load)];
    }

    public int Capacity { get; }

    /// <summary>
    /// Samples rows <paramref name="firstRow"/> … of the table of <paramref name="seed"/> into each node's array.
    /// </summary>
    public void Sample(ulong seed, uint firstRow, int rows, double[][] cells, int offset)
    {
        var random = Generator(seed);
        var block = new Tensor(_storage, 0, _columns, rows);
        foreach (int i in _scm.CausalOrder)
        {
            _samplers[i](new(random, 3 * (uint)i, firstRow), block, block.Slice(_valueColumn[i], 1));
        }

        _device.Synchronize();
        if (_device is CpuDevice cpu)
        {
            cpu.For(cells.Length, Decode);
        }
        else
        {
            for (int i = 0; i < cells.Length; i++)
            {
                Decode(i);
            }
        }

        void Decode(int i)
        {
            var column = new float[rows];
            block.Slice(_valueColumn[i], 1).Storage.CopyTo(column, _valueColumn[i] * rows);
            BlockSampler.Decode(_scm.Nodes[i], column, cells[i].AsSpan(offset, rows));
            Drop(_scm.Nodes[i].MissingShare, new(random, 3 * (uint)i + 1, firstRow), cells[i].AsSpan(offset, rows));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    // A purpose of its own: the seed's other users draw independently.
    static Philox Generator(ulong seed) => new Philox(seed).Branch(0x73636D); // "scm"

    T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    Action<RowDraws, Tensor, Tensor> Load(int index)
    {
        var node = _scm.Nodes[index];
        var sample = LoadMechanism(node, node.Mechanism);
        if (_featureColumn[index] == _valueColumn[index])
        {
            return sample;
        }

        int feature = _featureColumn[index];
        if (node.Support is ValueList list)
        {
            if (list.Values.Length == 0)
            {
                return sample;
            }

            // A lookup alone is a gather: codes to features.
            var features = Own(new PredictorTerms(1)
                .AddLookup(_valueColumn[index], list.Values.Length, Floats(list.Features!)).Load(_device));
            return (draws, block, column) =>
            {
                sample(draws, block, column);
                _predictor.Evaluate(features, block, block.Slice(feature, 1));
            };
        }

        var curve = ((ValueRange)node.Support).Curve!;
        var table = Own(new LinkTable(_device, Floats(curve.At), Floats(curve.To)));
        return (draws, block, column) =>
        {
            sample(draws, block, column);
            _link.Interpolate(table, column, block.Slice(feature, 1));
        };
    }

    Action<RowDraws, Tensor, Tensor> LoadMechanism(ScmNode node, ICausalMechanism mechanism)
    {
        switch (mechanism)
        {
            case EmpiricalDistribution empirical:
                {
                    var codes = empirical.Counts.SelectMany((count, code) => Enumerable.Repeat((float)code, count)).ToArray();

                    // A column that is always missing holds code 0, which nobody reads.
                    var table = Own(_device.Allocate<float>(codes.Length > 0 ? codes : [0f]));
                    return (draws, _, column) => _empirical.Sample(draws, table, column);
                }

            case CategoricalMechanism categorical:
                {
                    var table = Own(Terms(node, categorical.Predictor).Load(_device));
                    int outputs = table.Outputs;
                    return (draws, block, column) =>
                    {
                        var logits = new Tensor(_scratch, 0, outputs, block.Width);
                        _predictor.Evaluate(table, block, logits);
                        _categorical.Sample(draws, logits, column);
                    };
                }

            case AdditiveNoiseModel additive:
                {
                    var project = Projection((ValueRange)node.Support);
                    var noisy = Noisy(node, additive.Predictor, additive.Fitted, additive.Residuals);
                    return (draws, block, column) =>
                    {
                        noisy(draws, block, column);
                        project(column);
                    };
                }

            case PostNonlinearModel { Thresholds: { } thresholds } listed:
                {
                    var table = Own(new LinkTable(_device, Floats(thresholds)));
                    var noisy = Noisy(node, listed.Predictor, listed.Fitted, listed.Residuals);
                    return (draws, block, column) =>
                    {
                        noisy(draws, block, column);
                        _link.Codes(table, column, column);
                    };
                }

            case PostNonlinearModel { Link: { } curve } ranged:
                {
                    var table = Own(new LinkTable(_device, Floats(curve.At), Floats(curve.To)));
                    var project = Projection((ValueRange)node.Support);
                    var noisy = Noisy(node, ranged.Predictor, ranged.Fitted, ranged.Residuals);
                    return (draws, block, column) =>
                    {
                        noisy(draws, block, column);
                        _link.Interpolate(table, column, column);
                        project(column);
                    };
                }

            case TwoPartModel twoPart:
                {
                    var body = LoadMechanism(node, twoPart.Body);
                    var gate = Own(Terms(node, twoPart.Gate).Load(_device));
                    float atom = node.Support is ValueList list
                        ? Array.BinarySearch(list.Values, twoPart.Atom)
                        : (float)((twoPart.Atom - ((ValueRange)node.Support).Centre) / ((ValueRange)node.Support).Spread);
                    return (draws, block, column) =>
                    {
                        body(draws, block, column);
                        var logit = new Tensor(_scratch, 0, 1, block.Width);
                        _predictor.Evaluate(gate, block, logit);
                        _atom.Sample(draws with { Stream = draws.Stream + 2 }, logit, atom, column);
                    };
                }

            default:
                throw new InvalidOperationException(
                    $"Column '{node.Name}' has a mechanism that the sampler does not know.");
        }
    }

    // f(parents) + N.
    Action<RowDraws, Tensor, Tensor> Noisy(ScmNode node, Predictor predictor, FittedRange fitted, double[] residuals)
    {
        var table = Own(Terms(node, predictor).Load(_device));
        float low = (float)fitted.Min, high = (float)fitted.Max;
        var noise = Noise.FromResiduals(Own(_device.Allocate<float>(Floats(residuals))));
        return (draws, block, column) =>
        {
            _predictor.Evaluate(table, block, column);
            _projection.Project(column, low, high, 0);
            _additive.Sample(draws, noise, column, column);
        };
    }

    Action<Tensor> Projection(ValueRange range)
    {
        float low = (float)((range.Min - range.Centre) / range.Spread);
        float high = (float)((range.Max - range.Centre) / range.Spread);
        float grid = IsCoarse(range) ? (float)(range.Grid / range.Spread) : 0;
        return column => _projection.Project(column, low, high, grid);
    }

    PredictorTerms Terms(ScmNode node, Predictor predictor)
    {
        var terms = new PredictorTerms(predictor.Intercepts.Length).Intercept(Floats(predictor.Intercepts));
        foreach (var term in predictor.Terms)
        {
            int parent = node.Parents[term.Parent], second = node.Parents[term.Second];
            var weights = Floats(term.Weights);
            _ = term.Basis switch
            {
                Basis.Lookup => terms.AddLookup(_valueColumn[parent], weights.Length / terms.Outputs, weights),
                Basis.Hinge => terms.AddHinge(_featureColumn[parent], (float)term.Knot, weights),
                Basis.Product => terms.AddProduct(_featureColumn[parent], _featureColumn[second], weights),
                _ => terms.Add(term.Basis, _featureColumn[parent], weights),
            };
        }

        return terms;
    }

    static bool IsCoarse(ValueRange range) => range.Grid > 0 && (range.Max - range.Min) / range.Grid <= MostGridSteps;

    static void Decode(ScmNode node, float[] column, Span<double> cells)
    {
        if (node.Support is ValueList list)
        {
            for (int row = 0; row < cells.Length; row++)
            {
                cells[row] = list.Values.Length == 0 ? double.NaN : list.Values[(int)column[row]];
            }

            return;
        }

        var range = (ValueRange)node.Support;
        for (int row = 0; row < cells.Length; row++)
        {
            double value = range.Centre + range.Spread * column[row];
            if (range.Grid > 0)
            {
                // Onto the grid exactly: the nearest decimal number, as reading the file gave it.
                value = Math.Round(value, node.Decimals);
            }

            cells[row] = Math.Clamp(value, range.Min, range.Max);
        }
    }

    // Missing cells at random: a word below the share.
    static void Drop(double share, RowDraws draws, Span<double> cells)
    {
        if (share <= 0)
        {
            return;
        }

        const int Chunk = 1024;
        Span<uint> words = stackalloc uint[Chunk];
        for (int start = 0; start < cells.Length; start += Chunk)
        {
            var part = words[..Math.Min(Chunk, cells.Length - start)];
            draws.Words(start, part);
            for (int row = 0; row < part.Length; row++)
            {
                if (part[row] < share * uint.MaxValue)
                {
                    cells[start + row] = double.NaN;
                }
            }
        }
    }

    static float[] Floats(double[] values) => [.. values.Select(v => (float)v)];
}
