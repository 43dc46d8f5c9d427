using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Scm;

/// <summary>A multinomial logit with a ridge, by preconditioned L-BFGS.</summary>
/// <remarks>
/// Minimises Σ_rows −log softmax_y(f) + ½ λ Σ w². All classes have weights; the ridge makes them unique, and keeps them
/// finite on separable data. Intercepts start at the log of the marginal and are penalised ten times less, as
/// deviations from it: a class that the rows at hand happen to lack keeps its marginal. The preconditioner is the
/// Hessian without parents, π_k (1 − π_k) XᵀX + λ, one block for each class, which is why some ten to thirty steps
/// suffice.
/// </remarks>
/// <param name="design">The parents' design, its rows ordered by fold.</param>
/// <param name="classes">Each row's class.</param>
/// <param name="marginal">Each class's share of the whole column, none of them 0.</param>
/// <param name="ridge">λ.</param>
sealed class SoftmaxRegression(Design design, int[] classes, double[] marginal, double ridge)
{
    const int ChunkRows = 256;
    const double InterceptShare = 0.1;

    readonly int _outputs = marginal.Length;
    readonly RidgeRegression _moments = new(design);

    /// <summary>Weights (width, classes) fitted to all folds but <paramref name="without"/>; null for all.</summary>
    /// <param name="set">The basis.</param>
    /// <param name="without">The fold to leave out.</param>
    /// <param name="tolerance">Stops when a step lowers the mean loss by less than this.</param>
    /// <param name="steps">Most steps.</param>
    /// <param name="start">Weights to start from, of a fit to the same rows; null for the marginal.</param>
    public double[] Fit(BasisSet set, int? without, double tolerance, int steps, double[]? start = null)
    {
        var objective = new Objective(this, set, without);
        int length = design.Width * _outputs;
        var weights = new double[length];
        if (start is not null)
        {
            start.CopyTo(weights, 0);
            for (int k = 0; k < _outputs; k++)
            {
                weights[k] -= Math.Log(marginal[k]);
            }
        }

        weights = Lbfgs.Minimise(
            weights, objective.Evaluate, objective.Precondition, tolerance * objective.Rows, steps);
        for (int k = 0; k < _outputs; k++)
        {
            weights[k] += Math.Log(marginal[k]);
        }

        return weights;
    }

    /// <summary>−log probability of each row's class, for the rows of one fold.</summary>
    public void Losses(double[] weights, BasisSet set, int fold, Span<double> losses)
    {
        int[] numeric = design.NumericOf(set), lookups = design.LookupsOf(set);
        var logits = new double[_outputs * ChunkRows];
        for (int start = design.FoldStarts[fold]; start < design.FoldStarts[fold + 1]; start += ChunkRows)
        {
            int rows = Math.Min(ChunkRows, design.FoldStarts[fold + 1] - start);
            Logits(weights, numeric, lookups, start, rows, logits);
            Softmax(logits, rows, start, losses.Slice(start, rows));
        }
    }

    void Logits(double[] weights, int[] numeric, int[] lookups, int start, int rows, double[] logits)
    {
        for (int k = 0; k < _outputs; k++)
        {
            var logit = logits.AsSpan(k * ChunkRows, rows);
            logit.Fill(weights[k]);
            foreach (int i in numeric)
            {
                TensorPrimitives.MultiplyAdd(
                    design.Numeric[i].AsSpan(start, rows), weights[(i + 1) * _outputs + k], logit, logit);
            }

            foreach (int i in lookups)
            {
                var codes = design.Lookups[i].AsSpan(start, rows);
                int first = design.LookupStarts[i] * _outputs + k;
                for (int row = 0; row < codes.Length; row++)
                {
                    logit[row] += weights[first + codes[row] * _outputs];
                }
            }
        }
    }

    // Turns logits into probabilities, and writes −log probability of the rows' classes.
    void Softmax(double[] logits, int rows, int start, Span<double> losses)
    {
        Span<double> largest = stackalloc double[ChunkRows], total = stackalloc double[ChunkRows];
        largest = largest[..rows];
        total = total[..rows];
        logits.AsSpan(0, rows).CopyTo(largest);
        for (int k = 1; k < _outputs; k++)
        {
            TensorPrimitives.Max<double>(largest, logits.AsSpan(k * ChunkRows, rows), largest);
        }

        for (int row = 0; row < rows; row++)
        {
            losses[row] = largest[row] - logits[classes[start + row] * ChunkRows + row];
        }

        total.Clear();
        for (int k = 0; k < _outputs; k++)
        {
            var logit = logits.AsSpan(k * ChunkRows, rows);
            TensorPrimitives.Subtract<double>(logit, largest, logit);
            TensorPrimitives.Exp<double>(logit, logit);
            TensorPrimitives.Add<double>(total, logit, total);
        }

        for (int row = 0; row < rows; row++)
        {
            losses[row] += Math.Log(total[row]);
        }

        for (int k = 0; k < _outputs; k++)
        {
            var logit = logits.AsSpan(k * ChunkRows, rows);
            TensorPrimitives.Divide<double>(logit, total, logit);
        }
    }

    // The penalised loss on all folds but one.
    sealed class Objective
    {
        readonly SoftmaxRegression _model;
        readonly int[] _numeric, _lookups, _columns;
        readonly double[][] _blocks;
        readonly int? _without;
        readonly double[] _logits, _losses = new double[ChunkRows], _shifted;

        public Objective(SoftmaxRegression model, BasisSet set, int? without)
        {
            var design = model.Layout;
            _model = model;
            _without = without;
            (_numeric, _lookups, _columns) = (design.NumericOf(set), design.LookupsOf(set), design.ColumnsOf(set));
            _logits = new double[model._outputs * ChunkRows];
            _shifted = new double[design.Width * model._outputs];
            Rows = design.Rows - (without is { } fold ? design.FoldStarts[fold + 1] - design.FoldStarts[fold] : 0);
            double[] gram = model.Gram(_columns);
            _blocks = [.. model.Marginal.Select(share => Block(gram, share * (1 - share)))];
        }

        public int Rows { get; }

        double[] Block(double[] gram, double curvature)
        {
            int width = _columns.Length;
            double scale = curvature * Rows / _model.Layout.Rows;
            var block = new double[width * width];
            for (int i = 0; i < width; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    block[i * width + j] = scale * gram[i * width + j];
                }

                block[i * width + i] += _model.Ridge * (i == 0 ? InterceptShare : 1);
            }

            Cholesky.Factor(block, width);
            return block;
        }

        public void Precondition(double[] direction)
        {
            int outputs = _model._outputs;
            var part = new double[_columns.Length];
            for (int k = 0; k < outputs; k++)
            {
                for (int i = 0; i < part.Length; i++)
                {
                    part[i] = direction[_columns[i] * outputs + k];
                }

                Cholesky.Solve(_blocks[k], part.Length, part);
                for (int i = 0; i < part.Length; i++)
                {
                    direction[_columns[i] * outputs + k] = part[i];
                }
            }
        }

        public double Evaluate(double[] weights, double[] gradient)
        {
            var design = _model.Layout;
            int outputs = _model._outputs;
            weights.CopyTo(_shifted, 0);
            for (int k = 0; k < outputs; k++)
            {
                _shifted[k] += Math.Log(_model.Marginal[k]);
            }

            double loss = 0;
            Array.Clear(gradient);
            for (int fold = 0; fold < design.Folds; fold++)
            {
                int end = design.FoldStarts[fold + 1];
                for (int start = design.FoldStarts[fold]; start < end && fold != _without; start += ChunkRows)
                {
                    int rows = Math.Min(ChunkRows, end - start);
                    _model.Logits(_shifted, _numeric, _lookups, start, rows, _logits);
                    _model.Softmax(_logits, rows, start, _losses);
                    loss += TensorPrimitives.Sum<double>(_losses.AsSpan(0, rows));
                    AddGradient(start, rows, gradient);
                }
            }

            foreach (int column in _columns)
            {
                double strength = _model.Ridge * (column == 0 ? InterceptShare : 1);
                var w = weights.AsSpan(column * outputs, outputs);
                var g = gradient.AsSpan(column * outputs, outputs);
                loss += 0.5 * strength * TensorPrimitives.SumOfSquares<double>(w);
                TensorPrimitives.MultiplyAdd(w, strength, g, g);
            }

            return loss;
        }

        // ∂loss/∂w_jk = Σ_rows x_j (p_k − [class = k]).
        void AddGradient(int start, int rows, double[] gradient)
        {
            var design = _model.Layout;
            int outputs = _model._outputs;
            for (int row = 0; row < rows; row++)
            {
                _logits[_model.Classes[start + row] * ChunkRows + row] -= 1;
            }

            for (int k = 0; k < outputs; k++)
            {
                var residual = _logits.AsSpan(k * ChunkRows, rows);
                gradient[k] += TensorPrimitives.Sum<double>(residual);
                foreach (int i in _numeric)
                {
                    gradient[(i + 1) * outputs + k] +=
                        TensorPrimitives.Dot<double>(design.Numeric[i].AsSpan(start, rows), residual);
                }

                foreach (int i in _lookups)
                {
                    var codes = design.Lookups[i].AsSpan(start, rows);
                    int first = design.LookupStarts[i] * outputs + k;
                    for (int row = 0; row < codes.Length; row++)
                    {
                        gradient[first + codes[row] * outputs] += residual[row];
                    }
                }
            }
        }
    }

    Design Layout => design;

    int[] Classes => classes;

    double[] Marginal => marginal;

    double Ridge => ridge;

    double[] Gram(int[] columns) => _moments.Gram(columns);
}
