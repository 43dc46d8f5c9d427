using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>Of each query row its label's token, or the mean of the others.</summary>
sealed class DecoderRead(TransformerConfig config, TokenGrid grid) : Stage
{
    public override Matrix Forward(Matrix tokens)
    {
        var read = new Matrix(grid.Tables * grid.QueryRows, tokens.Width);
        foreach (var (row, token, share) in Reads())
        {
            for (int i = 0; i < tokens.Width; i++)
            {
                read[row, i] += share * tokens[token, i];
            }
        }

        return read;
    }

    public override Matrix Backward(Matrix dRead)
    {
        var dTokens = new Matrix(grid.Count, dRead.Width);
        foreach (var (row, token, share) in Reads())
        {
            for (int i = 0; i < dRead.Width; i++)
            {
                dTokens[token, i] += share * dRead[row, i];
            }
        }

        return dTokens;
    }

    IEnumerable<(int Row, int Token, double Share)> Reads()
    {
        int features = grid.Tokens - 1;
        var (first, count) = config.Decoder == DecoderInput.LabelToken ? (features, 1) : (0, features);
        return from row in Enumerable.Range(0, grid.Tables * grid.QueryRows)
               from token in Enumerable.Range(first, count)
               select (row, grid.At(row / grid.QueryRows, grid.Keys + row % grid.QueryRows, token), 1.0 / count);
    }
}
