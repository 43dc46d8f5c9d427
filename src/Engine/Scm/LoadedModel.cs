using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>A structural causal model's tables on a device, and how each node is sampled from them; shared by tiles.</summary>
/// <remarks>
/// Each node owns a column of a tile with its codes or its standardised value, others with what its children see where that
/// differs, and one with its mask where others depend on that. Node i draws from stream 3i, its missing cells from
/// 3i + 1, the gate of a two-part model from 3i + 2.
/// </remarks>
sealed class LoadedModel : IDisposable
{
    /// <summary>Streams of random words for each node.</summary>
    public const uint Streams = 3;

    // A grid finer than this share of the range is beyond a float: rounded on the host only.
    const double MostGridSteps = 1 << 22;

    readonly List<IDisposable> _owned = [];
    readonly int[] _valueColumn, _featureColumn, _rawColumn, _maskColumn;
    readonly Action<RowDraws, Tile, Tensor>[] _samplers;
    readonly Action<RowDraws, Tile, Tensor>?[] _masks;
    readonly bool _beyondSupport;
    readonly LinearPredictor _predictor;
    readonly TreeEnsemble _trees;
    readonly MechanismSampler<Additive> _additive;
    readonly LocationScaleSampler _scaled;
    readonly CategoricalSampler _categorical;
    readonly AtomSampler _atom;
    readonly EmpiricalSampler _empirical;
    readonly MonotoneLink _link;
    readonly SupportProjection _projection;

    public LoadedModel(StructuralCausalModel scm, ComputeDevice device, bool beyondSupport)
    {
        (Scm, Device, _beyondSupport) = (scm, device, beyondSupport);
        _predictor = LinearPredictor.On(device);
        _trees = TreeEnsemble.On(device);
        _additive = MechanismSampler<Additive>.On(device);
        _scaled = LocationScaleSampler.On(device);
        _categorical = CategoricalSampler.On(device);
        _atom = AtomSampler.On(device);
        _empirical = EmpiricalSampler.On(device);
        _link = MonotoneLink.On(device);
        _projection = SupportProjection.On(device);
        int count = scm.Nodes.Count;
        (_valueColumn, _featureColumn) = (new int[count], new int[count]);
        (_rawColumn, _maskColumn) = (new int[count], new int[count]);
        for (int i = 0; i < count; i++)
        {
            var node = scm.Nodes[i];
            _valueColumn[i] = _featureColumn[i] = Columns++;
            _featureColumn[i] = node.Support is ValueList { Features: not null } or ValueRange { Curve: not null }
                ? Columns++
                : _featureColumn[i];
            _rawColumn[i] = node.Support is ValueList { Standardised: not null } ? Columns++ : _valueColumn[i];
            _maskColumn[i] = node.Missing.Gate is null ? -1 : Columns++;
            if (node.Mechanism is CategoricalMechanism)
            {
                Outputs = Math.Max(Outputs, ((ValueList)node.Support).Values.Length);
            }
            else if (node.Mechanism is CustomMechanism)
            {
                HostColumns = Math.Max(HostColumns, node.Parents.Count + 2);
            }
        }

        _samplers = [.. Enumerable.Range(0, count).Select(Load)];
        _masks = [.. Enumerable.Range(0, count).Select(LoadMask)];
    }

    public StructuralCausalModel Scm { get; }

    public ComputeDevice Device { get; }

    /// <summary>Columns of a tile.</summary>
    public int Columns { get; }

    /// <summary>Most predictors that a node evaluates at once.</summary>
    public int Outputs { get; } = 1;

    /// <summary>Columns that the host needs for mechanisms it evaluates.</summary>
    public int HostColumns { get; }

    /// <summary>Samples a node's value and what its children see.</summary>
    public void SampleValue(int node, RowDraws draws, Tile tile) => _samplers[node](draws, tile, tile.Column(_valueColumn[node]));

    /// <summary>Samples a node's mask, where it depends on other columns.</summary>
    public void SampleMask(int node, RowDraws draws, Tile tile) =>
        _masks[node]?.Invoke(draws, tile, tile.Column(_maskColumn[node]));

    /// <summary>Turns a node's column into cells.</summary>
    public void Decode(int index, RowDraws draws, Tile tile, Span<double> cells)
    {
        var node = Scm.Nodes[index];
        CellDecoder.Decode(node, tile.ToHost(_valueColumn[index]), cells, _beyondSupport);
        if (_masks[index] is null)
        {
            CellDecoder.Drop(node.Missing.Share, draws, cells);
            return;
        }

        var mask = tile.ToHost(_maskColumn[index]);
        for (int row = 0; row < cells.Length; row++)
        {
            cells[row] = mask[row] == 1 ? double.NaN : cells[row];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    Action<RowDraws, Tile, Tensor> Load(int index)
    {
        var node = Scm.Nodes[index];
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
            var features = Values(list.Features!);
            var standardised = list.Standardised is null ? null : Values(list.Standardised);
            return (draws, tile, column) =>
            {
                sample(draws, tile, column);
                _predictor.Evaluate(features, tile.Block, tile.Column(feature));
                if (standardised is not null)
                {
                    _predictor.Evaluate(standardised, tile.Block, tile.Column(_rawColumn[index]));
                }
            };

            PredictorTable Values(double[] values) => Own(new PredictorTerms(1)
                .AddLookup(_valueColumn[index], list.Values.Length, Floats(values)).Load(Device));
        }

        var curve = ((ValueRange)node.Support).Curve!;
        var table = Own(new LinkTable(Device, Floats(curve.At), Floats(curve.To)));
        return (draws, tile, column) =>
        {
            sample(draws, tile, column);
            _link.Interpolate(table, column, tile.Column(feature));
        };
    }

    Action<RowDraws, Tile, Tensor>? LoadMask(int index)
    {
        var mask = Scm.Nodes[index].Missing;
        if (mask.Gate is null)
        {
            return null;
        }

        var gate = Evaluator(mask.Gate, place => mask.Causes[place].Node, place => mask.Causes[place].IsMask);
        return (draws, tile, column) =>
        {
            var logit = tile.Scratch(0, 1);
            gate(tile, logit);
            _projection.Project(column, 0, 0, 0); // nothing is missing …
            _atom.Sample(draws, logit, 1, column); // … until the gate says so
        };
    }

    Action<RowDraws, Tile, Tensor> LoadMechanism(ScmNode node, ICausalMechanism mechanism)
    {
        switch (mechanism)
        {
            case EmpiricalDistribution empirical:
                {
                    var codes = empirical.Counts.SelectMany((count, code) => Enumerable.Repeat((float)code, count)).ToArray();

                    // A column that is always missing holds code 0, which nobody reads.
                    var table = Own(Device.Allocate<float>(codes.Length > 0 ? codes : [0f]));
                    return (draws, _, column) => _empirical.Sample(draws, table, column);
                }

            case SmoothedDistribution smoothed:
                {
                    // Uniform noise of standard deviation 1/√12 is U − ½.
                    var table = Own(new LinkTable(
                        Device, [.. smoothed.Quantiles.At.Select(p => (float)(p - 0.5))], Floats(smoothed.Quantiles.To)));
                    var project = Projection((ValueRange)node.Support);
                    var uniform = new Noise(NoiseKind.Uniform, 1 / MathF.Sqrt(12));
                    return (draws, _, column) =>
                    {
                        _projection.Project(column, 0, 0, 0);
                        _additive.Sample(draws, uniform, column, column);
                        _link.Interpolate(table, column, column);
                        project(column);
                    };
                }

            case CategoricalMechanism categorical:
                {
                    var evaluate = Evaluator(node, categorical.Predictor);
                    int values = ((ValueList)node.Support).Values.Length, outputs = categorical.Predictor.Outputs;
                    return (draws, tile, column) =>
                    {
                        // One output for two values is the log-odds of the second.
                        var logits = tile.Scratch(0, values);
                        evaluate(tile, logits.Slice(values - outputs, outputs));
                        if (outputs < values)
                        {
                            _projection.Project(logits.Slice(0, 1), 0, 0, 0);
                        }

                        _categorical.Sample(draws, logits, column);
                    };
                }

            case AdditiveNoiseModel additive:
                {
                    var project = Projection((ValueRange)node.Support);
                    var noisy = Noisy(node, additive.Predictor, additive.Fitted, additive.Residuals, additive.Scale);
                    return (draws, tile, column) =>
                    {
                        noisy(draws, tile, column);
                        project(column);
                    };
                }

            case PostNonlinearModel { Thresholds: { } thresholds } listed:
                {
                    var table = Own(new LinkTable(Device, Floats(thresholds)));
                    var noisy = Noisy(node, listed.Predictor, listed.Fitted, listed.Residuals, listed.Scale);
                    return (draws, tile, column) =>
                    {
                        noisy(draws, tile, column);
                        _link.Codes(table, column, column);
                    };
                }

            case PostNonlinearModel { Link: { } curve } ranged:
                {
                    var table = Own(new LinkTable(Device, Floats(curve.At), Floats(curve.To)));
                    var project = Projection((ValueRange)node.Support);
                    var noisy = Noisy(node, ranged.Predictor, ranged.Fitted, ranged.Residuals, ranged.Scale);
                    return (draws, tile, column) =>
                    {
                        noisy(draws, tile, column);
                        _link.Interpolate(table, column, column);
                        project(column);
                    };
                }

            case TwoPartModel twoPart:
                {
                    var body = LoadMechanism(node, twoPart.Body);
                    var gate = Evaluator(node, twoPart.Gate);
                    float atom = node.Support is ValueList list
                        ? Array.BinarySearch(list.Values, twoPart.Atom)
                        : CellDecoder.StandardisedAtom(twoPart, (ValueRange)node.Support);
                    return (draws, tile, column) =>
                    {
                        body(draws, tile, column);
                        var logit = tile.Scratch(0, 1);
                        gate(tile, logit);
                        _atom.Sample(draws with { Stream = draws.Stream + 2 }, logit, atom, column);
                    };
                }

            case CustomMechanism custom:
                return (draws, tile, column) => Evaluate(custom, node, draws, tile, column);

            default:
                throw new InvalidOperationException(
                    $"Column '{node.Name}' has a mechanism that the sampler does not know; derive one's own from CustomMechanism.");
        }
    }

    // f(parents) + s(parents) · N.
    Action<RowDraws, Tile, Tensor> Noisy(
        ScmNode node, Predictor predictor, FittedRange fitted, double[] residuals, NoiseScale? scale)
    {
        var location = Evaluator(node, predictor);
        float low = (float)fitted.Min, high = (float)fitted.Max;
        var noise = Noise.FromResiduals(Own(Device.Allocate<float>(Floats(residuals))));
        if (scale is null)
        {
            return (draws, tile, column) =>
            {
                location(tile, column);
                Hold(column, low, high);
                _additive.Sample(draws, noise, column, column);
            };
        }

        var logScale = Evaluator(node, scale.LogScale);
        float narrow = (float)scale.Fitted.Min, wide = (float)scale.Fitted.Max;
        return (draws, tile, column) =>
        {
            location(tile, column);
            Hold(column, low, high);
            var width = tile.Scratch(0, 1);
            logScale(tile, width);
            _projection.Project(width, narrow, wide, 0);
            _scaled.Sample(draws, noise, column, width, column);
        };
    }

    // A fit says nothing beyond what it was fitted to.
    void Hold(Tensor column, float low, float high)
    {
        if (!_beyondSupport)
        {
            _projection.Project(column, low, high, 0);
        }
    }

    Action<Tensor> Projection(ValueRange range)
    {
        float low = _beyondSupport ? -float.MaxValue : (float)((range.Min - range.Centre) / range.Spread);
        float high = _beyondSupport ? float.MaxValue : (float)((range.Max - range.Centre) / range.Spread);

        // Beyond the support the grid is left to the host: from −∞ no grid can be counted.
        float grid = IsCoarse(range) && !_beyondSupport ? (float)(range.Grid / range.Spread) : 0;
        return column => _projection.Project(column, low, high, grid);
    }

    Action<Tile, Tensor> Evaluator(ScmNode node, Predictor predictor) =>
        Evaluator(predictor, place => node.Parents[place], _ => false);

    // Writes (outputs, rows) predictors.
    Action<Tile, Tensor> Evaluator(Predictor predictor, Func<int, int> nodeOf, Func<int, bool> isMask)
    {
        if (predictor.Trees is { } trees)
        {
            int[] columns = [.. Enumerable.Range(0, trees.Features).Select(Feature)];
            var ensemble = Own(trees.Terms(columns).Load(Device));
            return (tile, predictors) => _trees.Evaluate(ensemble, tile.Block, predictors);
        }

        var terms = new PredictorTerms(predictor.Intercepts.Length).Intercept(Floats(predictor.Intercepts));
        foreach (var term in predictor.Terms)
        {
            var weights = Floats(term.Weights);
            _ = term.Basis switch
            {
                Basis.Lookup => terms.AddLookup(Code(term.Parent), weights.Length / terms.Outputs, weights),
                Basis.Slope => terms.AddSlope(
                    Number(term), Code(term.Second), weights.Length / terms.Outputs, weights),
                Basis.Hinge => terms.AddHinge(Number(term), (float)term.Knot, weights),
                Basis.Product => terms.AddProduct(Feature(term.Parent), Feature(term.Second), weights),
                _ => terms.Add(term.Basis, Number(term), weights),
            };
        }

        var table = Own(terms.Load(Device));
        return (tile, predictors) => _predictor.Evaluate(table, tile.Block, predictors);

        int Code(int place) => isMask(place) ? _maskColumn[nodeOf(place)] : _valueColumn[nodeOf(place)];

        int Number(PredictorTerm term) => term.IsRaw ? _rawColumn[nodeOf(term.Parent)] : Feature(term.Parent);

        int Feature(int place) => isMask(place) ? _maskColumn[nodeOf(place)] : _featureColumn[nodeOf(place)];
    }

    void Evaluate(CustomMechanism custom, ScmNode node, RowDraws draws, Tile tile, Tensor column)
    {
        int rows = column.Length;
        double[][] parents = new double[node.Parents.Count][];
        for (int j = 0; j < parents.Length; j++)
        {
            var cells = tile.HostColumn(j).AsSpan(0, rows);
            int parent = node.Parents[j];
            CellDecoder.Decode(Scm.Nodes[parent], tile.ToHost(_valueColumn[parent]), cells, _beyondSupport);
            parents[j] = cells.Length == tile.HostColumn(j).Length ? tile.HostColumn(j) : cells.ToArray();
        }

        var noise = tile.HostColumn(parents.Length).AsSpan(0, rows);
        for (int row = 0; row < rows; row++)
        {
            noise[row] = draws.OpenUniform(row);
        }

        var values = tile.HostColumn(parents.Length + 1).AsSpan(0, rows);
        custom.Evaluate(parents, noise, values);
        var encoded = new float[rows];
        for (int row = 0; row < rows; row++)
        {
            encoded[row] = Encode(custom, node, values[row]);
        }

        column.CopyFrom(encoded);
    }

    float Encode(CustomMechanism custom, ScmNode node, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new InvalidOperationException(
                $"The mechanism '{custom.Name}' of '{node.Name}' gave {value}, but a finite number was expected.");
        }

        if (node.Support is ValueRange range)
        {
            double held = _beyondSupport ? value : Math.Clamp(value, range.Min, range.Max);
            return (float)((held - range.Centre) / range.Spread);
        }

        return Equation.Code(node.Support, value);
    }

    static bool IsCoarse(ValueRange range) => range.Grid > 0 && (range.Max - range.Min) / range.Grid <= MostGridSteps;

    static float[] Floats(double[] values) => [.. values.Select(v => (float)v)];
}
