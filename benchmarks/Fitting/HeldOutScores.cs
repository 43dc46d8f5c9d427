using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Benchmarks.Fitting;

/// <summary>How well a node's mechanism predicts rows that it was not fitted to: scores that other programs' mechanisms can be given too.</summary>
/// <param name="Crps">The continuous ranked probability score of numbers, in their own unit.</param>
/// <param name="LogDensity">The mean log-density of numbers by a Gaussian kernel on the predictive ensemble, or of whole numbers the log-probability.</param>
/// <param name="LogLoss">The log-loss of classes.</param>
sealed record HeldOutScores(double? Crps, double? LogDensity, double? LogLoss)
{
    // Quantiles of the noise behind each row's ensemble.
    const int Draws = 4096;

    /// <summary>Scores one node on rows without missing cells.</summary>
    /// <remarks>
    /// The kernel's width is Silverman's, 0.9 · min(s, IQR / 1.34) · m^(−1/5), of the row's ensemble of m; a whole number's
    /// probability is (ensemble members that are it + ½) / (m + ½ (values + 2)).
    /// </remarks>
    public static HeldOutScores Of(StructuralCausalModel scm, int index, Table rows)
    {
        var node = scm.Nodes[index];
        double[][] parents = [.. node.Parents.Select(parent => Cells(scm.Nodes[parent], rows))];
        double[] observed = Cells(node, rows);
        var equation = new Equation(scm, index);
        double[] crps = new double[rows.Rows], log = new double[rows.Rows];
        bool isClass = node.Mechanism is CategoricalMechanism && node.IsDiscrete;
        Parallel.For(0, rows.Rows, row =>
        {
            double[] given = [.. parents.Select(column => column[row])];
            if (isClass)
            {
                double p = equation.Probabilities((CategoricalMechanism)node.Mechanism, given)[Equation.Code(node.Support, observed[row])];
                log[row] = Math.Log(Math.Max(p, 1e-15));
                return;
            }

            double[] ensemble = Ensemble(equation, node, node.Mechanism, given);
            crps[row] = CrpsOf(ensemble, observed[row]);
            log[row] = node.Kind == ColumnKind.Integer
                ? Math.Log((ensemble.Count(value => value == observed[row]) + 0.5) / (ensemble.Length + 0.5 * (ensemble.Distinct().Count() + 2)))
                : LogDensityOf(ensemble, observed[row]);
        });
        return isClass ? new(null, null, -log.Average()) : new(crps.Average(), log.Average(), null);
    }

    // What the mechanism gives at one row's parents, for evenly spaced quantiles of its noise, ascending.
    static double[] Ensemble(Equation equation, ScmNode node, ICausalMechanism mechanism, double[] parents)
    {
        switch (mechanism)
        {
            case AdditiveNoiseModel m:
                {
                    double f = equation.Location(m.Predictor, m.Fitted, parents), s = equation.Width(m.Scale, parents);
                    return [.. m.Residuals.Select(noise => equation.ToCell(f + s * noise))];
                }

            case PostNonlinearModel m:
                {
                    double f = equation.Location(m.Predictor, m.Fitted, parents), s = equation.Width(m.Scale, parents);
                    return [.. m.Residuals.Select(noise => m.Thresholds is { } cuts
                        ? ((ValueList)node.Support).Values[CountAtMost(cuts, f + s * noise)]
                        : equation.ToCell(Equation.Interpolate(m.Link!, f + s * noise)))];
                }

            case TwoPartModel m:
                {
                    double atom = equation.AtomProbability(m, parents);
                    double[] body = Ensemble(equation, node, m.Body, parents);
                    int atoms = (int)Math.Round(atom * Draws);
                    return [.. Enumerable.Repeat(m.Atom, atoms)
                        .Concat(Enumerable.Range(0, Draws - atoms).Select(i => body[(int)((i + 0.5) / (Draws - atoms) * body.Length)])).Order()];
                }

            case CategoricalMechanism m:
                {
                    double[] values = ((ValueList)node.Support).Values, p = equation.Probabilities(m, parents);
                    return [.. values.SelectMany((value, k) => Enumerable.Repeat(value, (int)Math.Round(p[k] * Draws)))];
                }

            default:
                throw new NotSupportedException($"'{node.Name}' has no parents to be scored given.");
        }
    }

    static int CountAtMost(double[] ascending, double value)
    {
        int place = Array.BinarySearch(ascending, value);
        return place < 0 ? ~place : place + 1;
    }

    static double CrpsOf(double[] ensemble, double observed)
    {
        double error = 0, spread = 0;
        int m = ensemble.Length;
        for (int i = 0; i < m; i++)
        {
            error += Math.Abs(ensemble[i] - observed);
            spread += (2.0 * i + 1 - m) * ensemble[i];
        }

        return error / m - spread / ((double)m * m);
    }

    static double LogDensityOf(double[] ensemble, double observed)
    {
        int m = ensemble.Length;
        double mean = ensemble.Average(), deviation = Math.Sqrt(ensemble.Average(v => (v - mean) * (v - mean)));
        double range = (ensemble[(int)(0.75 * m)] - ensemble[(int)(0.25 * m)]) / 1.34;
        double width = 0.9 * Math.Min(deviation, range > 0 ? range : deviation) * Math.Pow(m, -0.2);
        double sum = 0;
        foreach (double value in ensemble)
        {
            double z = (observed - value) / width;
            sum += Math.Exp(-0.5 * z * z);
        }

        return Math.Log(Math.Max(sum / (m * width * Math.Sqrt(2 * Math.PI)), 1e-300));
    }

    // The model's cells: levels by name, so that another file's order of levels does not matter.
    static double[] Cells(ScmNode node, Table rows)
    {
        var column = rows[node.Name];
        return node.IsDiscrete
            ? [.. Enumerable.Range(0, rows.Rows).Select(row => (double)node.Levels.ToList().IndexOf(column.Text(row)))]
            : column.Values.ToArray();
    }
}
