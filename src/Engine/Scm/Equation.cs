using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Scm;

/// <summary>A node's equation in double precision, one row at a time: the definition that the kernels are held against.</summary>
/// <remarks>Parents are given as cells: numbers as in the table, levels as their places; none may be missing.</remarks>
sealed class Equation(StructuralCausalModel scm, int index)
{
    readonly ScmNode _node = scm.Nodes[index];
    readonly Support[] _supports = [.. scm.Nodes[index].Parents.Select(parent => scm.Nodes[parent].Support)];

    /// <summary>The outputs of one of the node's predictors.</summary>
    public double[] Evaluate(Predictor predictor, ReadOnlySpan<double> parents)
    {
        if (predictor.Trees is { } trees)
        {
            var features = new float[parents.Length][];
            for (int j = 0; j < features.Length; j++)
            {
                features[j] = [(float)Feature(_supports[j], parents[j])];
            }

            return trees.Predict(features);
        }

        double[] sums = [.. predictor.Intercepts];
        foreach (var term in predictor.Terms)
        {
            double x = parents[term.Parent], z = parents[term.Second];
            if (term.Basis == Basis.Lookup)
            {
                int code = Code(_supports[term.Parent], x), codes = term.Weights.Length / sums.Length;
                for (int k = 0; k < sums.Length; k++)
                {
                    sums[k] += term.Weights[k * codes + code];
                }

                continue;
            }

            x = Feature(_supports[term.Parent], x, term.IsRaw);
            if (term.Basis == Basis.Slope)
            {
                int code = Code(_supports[term.Second], z), codes = term.Weights.Length / sums.Length;
                for (int k = 0; k < sums.Length; k++)
                {
                    sums[k] += term.Weights[k * codes + code] * x;
                }

                continue;
            }

            double value = term.Basis switch
            {
                Basis.Hinge => Math.Max(0, x - term.Knot),
                Basis.Product => x * Feature(_supports[term.Second], z),
                Basis.Square => x * x,
                Basis.Sine => Math.Sin(x),
                Basis.Tanh => Math.Tanh(x),
                Basis.Absolute => Math.Abs(x),
                _ => x,
            };
            for (int k = 0; k < sums.Length; k++)
            {
                sums[k] += term.Weights[k] * value;
            }
        }

        return sums;
    }

    /// <summary>f(parents), held in the range it was fitted to.</summary>
    public double Location(Predictor predictor, FittedRange fitted, ReadOnlySpan<double> parents) =>
        Math.Clamp(Evaluate(predictor, parents)[0], fitted.Min, fitted.Max);

    /// <summary>s(parents).</summary>
    public double Width(NoiseScale? scale, ReadOnlySpan<double> parents) =>
        scale is null ? 1 : Math.Exp(Location(scale.LogScale, scale.Fitted, parents));

    /// <summary>The probability of each value of a categorical node.</summary>
    public double[] Probabilities(CategoricalMechanism mechanism, ReadOnlySpan<double> parents)
    {
        double[] logits = Evaluate(mechanism.Predictor, parents);
        if (logits.Length == 1)
        {
            logits = [0, logits[0]];
        }

        double largest = logits.Max();
        double[] weights = [.. logits.Select(logit => Math.Exp(logit - largest))];
        double total = weights.Sum();
        return [.. weights.Select(weight => weight / total)];
    }

    /// <summary>The probability of a two-part model's atom.</summary>
    public double AtomProbability(TwoPartModel model, ReadOnlySpan<double> parents) =>
        1 / (1 + Math.Exp(-Evaluate(model.Gate, parents)[0]));

    /// <summary>The cell of a standardised value: in the node's interval and on its grid.</summary>
    public double ToCell(double standardised)
    {
        var range = (ValueRange)_node.Support;
        double value = range.Centre + range.Spread * standardised;
        return Math.Clamp(range.Grid > 0 ? Math.Round(value, _node.Decimals) : value, range.Min, range.Max);
    }

    /// <summary>The standardised value of a cell.</summary>
    public double ToStandardised(double cell) =>
        (cell - ((ValueRange)_node.Support).Centre) / ((ValueRange)_node.Support).Spread;

    /// <summary>The place of a cell in a list of values: that of the nearest.</summary>
    public static int Code(Support support, double cell)
    {
        double[] values = ((ValueList)support).Values;
        int place = Array.BinarySearch(values, cell);
        int high = Math.Clamp(place < 0 ? ~place : place, 0, values.Length - 1), low = Math.Max(high - 1, 0);
        return cell - values[low] < values[high] - cell ? low : high;
    }

    // What children see of a cell.
    static double Feature(Support support, double cell, bool isRaw = false)
    {
        if (support is ValueList list)
        {
            int code = Code(list, cell);
            return list.Features is null ? code : isRaw ? list.Standardised![code] : list.Features[code];
        }

        var range = (ValueRange)support;
        double z = (cell - range.Centre) / range.Spread;
        return range.Curve is null || isRaw ? z : Interpolate(range.Curve, z);
    }

    /// <summary>A curve's value.</summary>
    public static double Interpolate(Curve curve, double x)
    {
        int place = Array.BinarySearch(curve.At, x);
        int high = Math.Clamp(place < 0 ? ~place : place, Math.Min(1, curve.At.Length - 1), curve.At.Length - 1);
        int low = Math.Max(high - 1, 0);
        double width = curve.At[high] - curve.At[low];
        double t = width > 0 ? Math.Clamp((x - curve.At[low]) / width, 0, 1) : 1;
        return curve.To[low] + t * (curve.To[high] - curve.To[low]);
    }
}
