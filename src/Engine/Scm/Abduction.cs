using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Scm;

/// <summary>Recovers a node's noise from a cell and its parents, and predicts the cell that it gives with other parents.</summary>
sealed class Abduction(StructuralCausalModel scm, int index)
{
    // A latent interval narrower than this share of the scale's unit tells the noise.
    const double Exact = 1e-9;

    readonly ScmNode _node = scm.Nodes[index];
    readonly Equation _equation = new(scm, index);

    /// <summary>Whether cells tell the noise.</summary>
    public bool IsExact => _node.Mechanism is AdditiveNoiseModel;

    /// <summary>The counterfactual cell.</summary>
    /// <param name="cell">The observed cell.</param>
    /// <param name="before">The parents' observed cells.</param>
    /// <param name="after">The parents' counterfactual cells.</param>
    /// <param name="random">Draws what the cell leaves open.</param>
    /// <param name="row">The row, for the draws.</param>
    public double Predict(double cell, double[] before, double[] after, Philox random, uint row) =>
        Predict(_node.Mechanism, cell, before, after, random, row);

    double Predict(ICausalMechanism mechanism, double cell, double[] before, double[] after, Philox random, uint row)
    {
        uint stream = (uint)index;
        switch (mechanism)
        {
            case AdditiveNoiseModel m:
                {
                    double noise = (_equation.ToStandardised(cell) - _equation.Location(m.Predictor, m.Fitted, before))
                        / _equation.Width(m.Scale, before);
                    return _equation.ToCell(
                        _equation.Location(m.Predictor, m.Fitted, after) + _equation.Width(m.Scale, after) * noise);
                }

            case PostNonlinearModel m:
                {
                    double noise = Noise(m, Latent(m, cell), before, random.Uniform(row, stream));
                    double latent = _equation.Location(m.Predictor, m.Fitted, after)
                        + _equation.Width(m.Scale, after) * noise;
                    return m.Thresholds is { } thresholds
                        ? ((ValueList)_node.Support).Values[thresholds.Count(threshold => threshold <= latent)]
                        : _equation.ToCell(Equation.Interpolate(m.Link!, latent));
                }

            case CategoricalMechanism m:
                {
                    int code = Equation.Code(_node.Support, cell);
                    double[] was = _equation.Probabilities(m, before), now = _equation.Probabilities(m, after);
                    double u = was[..code].Sum() + random.Uniform(row, stream) * was[code];
                    int picked = 0;
                    for (double sum = now[0]; picked < now.Length - 1 && sum <= u; sum += now[picked])
                    {
                        picked++;
                    }

                    return ((ValueList)_node.Support).Values[picked];
                }

            case TwoPartModel m:
                {
                    double was = _equation.AtomProbability(m, before), now = _equation.AtomProbability(m, after);
                    double u = random.Uniform(row, stream, 1);
                    bool isAtom = cell == m.Atom;
                    u = isAtom ? u * was : was + u * (1 - was);
                    if (u < now)
                    {
                        return m.Atom;
                    }

                    return isAtom
                        ? Draw(m.Body, after, random, row)
                        : Predict(m.Body, cell, before, after, random, row);
                }

            default:
                throw new InputException(
                    $"Column '{_node.Name}' has the mechanism '{mechanism.Name}', whose noise cannot be recovered from its cells: "
                    + "counterfactual rows need built-in mechanisms downstream of what is set.");
        }
    }

    // A cell of a two-part model's body, of which the observed cell says nothing.
    double Draw(ICausalMechanism body, double[] parents, Philox random, uint row)
    {
        double[] residuals = body is AdditiveNoiseModel additive ? additive.Residuals : ((PostNonlinearModel)body).Residuals;
        double noise = residuals[random.Below(residuals.Length, row, (uint)index, 2)];
        if (body is AdditiveNoiseModel m)
        {
            return _equation.ToCell(
                _equation.Location(m.Predictor, m.Fitted, parents) + _equation.Width(m.Scale, parents) * noise);
        }

        var linked = (PostNonlinearModel)body;
        double latent = _equation.Location(linked.Predictor, linked.Fitted, parents)
            + _equation.Width(linked.Scale, parents) * noise;
        return linked.Thresholds is { } thresholds
            ? ((ValueList)_node.Support).Values[thresholds.Count(threshold => threshold <= latent)]
            : _equation.ToCell(Equation.Interpolate(linked.Link!, latent));
    }

    // The latent values that the link takes to a cell.
    (double Low, double High) Latent(PostNonlinearModel model, double cell)
    {
        if (model.Thresholds is { } thresholds)
        {
            int code = Equation.Code(_node.Support, cell);
            return (code == 0 ? double.NegativeInfinity : thresholds[code - 1],
                code == thresholds.Length ? double.PositiveInfinity : thresholds[code]);
        }

        double[] at = model.Link!.At, to = model.Link.To;
        double value = Math.Clamp(_equation.ToStandardised(cell), to[0], to[^1]);
        int first = Array.FindIndex(to, v => v >= value), last = Array.FindLastIndex(to, v => v <= value);
        return first <= last
            ? (first == 0 ? double.NegativeInfinity : at[first], last == to.Length - 1 ? double.PositiveInfinity : at[last])
            : Between(last, first);

        (double, double) Between(int low, int high)
        {
            double t = (value - to[low]) / (to[high] - to[low]), latent = at[low] + t * (at[high] - at[low]);
            return (latent, latent);
        }
    }

    // The noise that puts f + s · N into an interval: the one, or one of the residuals that do.
    double Noise(PostNonlinearModel model, (double Low, double High) latent, double[] parents, double uniform)
    {
        double location = _equation.Location(model.Predictor, model.Fitted, parents), width = _equation.Width(model.Scale, parents);
        double low = (latent.Low - location) / width, high = (latent.High - location) / width;
        if (high - low < Exact)
        {
            return low;
        }

        double[] residuals = model.Residuals;
        int first = Place(low), end = Place(high);
        return first < end
            ? residuals[first + (int)(uniform * (end - first))]
            : Math.Clamp(residuals[Math.Clamp(first, 0, residuals.Length - 1)], low, high);

        // Residuals below a bound.
        int Place(double bound)
        {
            int place = Array.BinarySearch(residuals, bound);
            while (place > 0 && residuals[place - 1] == bound)
            {
                place--;
            }

            return place < 0 ? ~place : place;
        }
    }
}
