using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>Tokens that attend to tokens; all heads of the queries to the first of the keys where that is shared.</summary>
readonly record struct AttentionProblem(int[] Queries, int[] Keys, bool FirstHeadOnly = false);

/// <summary>
/// Attention between projections: a row of the input holds a token's query, key and value, a row of the output Σ w v, with
/// weights w = softmax(q·k / √D), or of linear attention w = a / (Σ a + 1e-8), a = φ(q)·φ(k), φ(z) = relu(z / √D) + 1e-6.
/// </summary>
/// <remarks>
/// Linear attention is written as the quadratic sum that it equals. A token that is no query of any problem is given 0.
/// </remarks>
sealed class AttentionStage(TransformerConfig config, IReadOnlyList<AttentionProblem> problems) : Stage
{
    readonly int _width = config.Width, _headWidth = config.Width / config.Heads;
    Matrix _qkv = new(0, 0);

    double Root => Math.Sqrt(_headWidth);

    public override Matrix Forward(Matrix qkv)
    {
        _qkv = qkv;
        var output = new Matrix(qkv.Rows, _width);
        foreach (var (problem, query, head) in Queries())
        {
            int value = 2 * _width + KeyHead(problem, head);
            double[] weights = Weights(problem, query, head, out _);
            for (int j = 0; j < weights.Length; j++)
            {
                for (int i = 0; i < _headWidth; i++)
                {
                    output[query, head + i] += weights[j] * qkv[problem.Keys[j], value + i];
                }
            }
        }

        return output;
    }

    public override Matrix Backward(Matrix dOutput)
    {
        var d = new Matrix(_qkv.Rows, _qkv.Width);
        foreach (var (problem, query, head) in Queries())
        {
            int value = 2 * _width + KeyHead(problem, head);
            double[] weights = Weights(problem, query, head, out double sum), dWeights = new double[weights.Length];
            for (int j = 0; j < weights.Length; j++)
            {
                for (int i = 0; i < _headWidth; i++)
                {
                    dWeights[j] += dOutput[query, head + i] * _qkv[problem.Keys[j], value + i];
                    d[problem.Keys[j], value + i] += weights[j] * dOutput[query, head + i];
                }
            }

            double mean = Values.Dot(weights, dWeights);
            double[] dScores = config.Attention == AttentionKind.Softmax
                ? [.. weights.Zip(dWeights, (w, dw) => w * (dw - mean))]
                : [.. dWeights.Select(dw => (dw - mean) / sum)];
            BackwardScores(problem, query, head, dScores, d);
        }

        return d;
    }

    // A head is named by its first element.
    IEnumerable<(AttentionProblem Problem, int Query, int Head)> Queries() =>
        from problem in problems
        from query in problem.Queries
        from head in Enumerable.Range(0, config.Heads)
        select (problem, query, head * _headWidth);

    static int KeyHead(AttentionProblem problem, int head) => problem.FirstHeadOnly ? 0 : head;

    // The weights of all keys, and what linear attention divides by.
    double[] Weights(AttentionProblem problem, int query, int head, out double sum)
    {
        int key = _width + KeyHead(problem, head);
        var scores = new double[problem.Keys.Length];
        for (int j = 0; j < scores.Length; j++)
        {
            for (int i = 0; i < _headWidth; i++)
            {
                scores[j] += Feature(_qkv[query, head + i]) * Feature(_qkv[problem.Keys[j], key + i]);
            }
        }

        if (config.Attention == AttentionKind.Softmax)
        {
            double largest = scores.Max();
            scores = Array.ConvertAll(scores, score => Math.Exp((score - largest) / Root));
        }

        double divisor = sum = scores.Sum() + (config.Attention == AttentionKind.Softmax ? 0 : 1e-8);
        return Array.ConvertAll(scores, score => score / divisor);
    }

    double Feature(double z) => config.Attention == AttentionKind.Softmax ? z : Math.Max(z / Root, 0) + 1e-6;

    // Of softmax the scores' gradients are those of q·k / √D.
    double FeatureSlope(double z) => config.Attention == AttentionKind.Softmax ? 1 / Root : z > 0 ? 1 / Root : 0;

    void BackwardScores(AttentionProblem problem, int query, int head, double[] dScores, Matrix d)
    {
        int key = _width + KeyHead(problem, head);
        for (int j = 0; j < dScores.Length; j++)
        {
            for (int i = 0; i < _headWidth; i++)
            {
                double q = _qkv[query, head + i], k = _qkv[problem.Keys[j], key + i];
                d[query, head + i] += dScores[j] * FeatureSlope(q) * Feature(k);
                d[problem.Keys[j], key + i] += dScores[j] * FeatureSlope(k) * Feature(q);
            }
        }
    }

    /// <summary>Each row's tokens attend to all of that row.</summary>
    public static IReadOnlyList<AttentionProblem> BetweenColumns(TokenGrid grid) =>
    [
        .. from table in Enumerable.Range(0, grid.Tables)
           from row in Enumerable.Range(0, grid.RowsOfTable)
           let tokens = Enumerable.Range(grid.At(table, row, 0), grid.Tokens).ToArray()
           select new AttentionProblem(tokens, tokens),
    ];

    /// <summary>Each token attends to those at its place in the thinking and context rows.</summary>
    public static IReadOnlyList<AttentionProblem> BetweenRows(TokenGrid grid, bool multiQuery) =>
    [
        .. from table in Enumerable.Range(0, grid.Tables)
           from token in Enumerable.Range(0, grid.Tokens)
           let rows = Enumerable.Range(0, grid.RowsOfTable).Select(row => grid.At(table, row, token)).ToArray()
           let keys = rows[..grid.Keys]
           from problem in (AttentionProblem[])[new(keys, keys), new(rows[grid.Keys..], keys, multiQuery)]
           select problem,
    ];
}
