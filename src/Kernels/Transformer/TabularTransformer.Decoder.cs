using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

public sealed partial class TabularTransformer
{
    // From the last layer's tokens of the query rows to logits.
    DecoderActivations Decode(EpisodeShape shape, Tensor tokens, Workspace workspace)
    {
        NormActivations? norm = null;
        var read = tokens;
        if (Config.NormBefore)
        {
            norm = NormActivations.Take(Config, tokens.Rows, workspace);
            read = Config.AffineNorm ? workspace.Take(tokens.Rows, Config.Width) : norm.Value.Normalized;
            _whole.Norm.Forward(
                tokens, null, Parameters.DecoderNorm.Weight, Parameters.DecoderNorm.Bias, read, norm.Value.Normalized, norm.Value.Rstd);
        }

        if (Config.Decoder == DecoderInput.FeatureMean)
        {
            var means = workspace.Take(shape.AllQueryRows, Config.Width);
            _whole.FeatureMean.Forward(read, means);
            read = means;
        }

        Tensor up = workspace.Take(read.Rows, Config.Hidden), activated = workspace.Take(read.Rows, Config.Hidden);
        var logits = workspace.Take(read.Rows, Config.Classes);
        ProjectWhole(read, Parameters.Decoder1, up);
        _whole.Gelu.Forward(up, activated);
        ProjectWhole(activated, Parameters.Decoder2, logits);
        return new(norm, read, up, activated, logits);
    }

    // Writes the gradient of the last layer's tokens.
    void BackwardDecode(Tensor dLogits, DecoderActivations a, Tensor dTokens, Workspace workspace)
    {
        var dHidden = workspace.Take(a.Up.Rows, Config.Hidden);
        BackwardProject(dLogits, a.Activated, Parameters.Decoder2, Parameters.Decoder2Gradients, dHidden);
        _whole.Gelu.Backward(dHidden, a.Up, dHidden);
        if (Config.Decoder == DecoderInput.FeatureMean)
        {
            var dMeans = workspace.Take(a.Read.Rows, Config.Width);
            BackwardProject(dHidden, a.Read, Parameters.Decoder1, Parameters.Decoder1Gradients, dMeans);
            _whole.FeatureMean.Backward(dMeans, dTokens);
        }
        else
        {
            BackwardProject(dHidden, a.Read, Parameters.Decoder1, Parameters.Decoder1Gradients, dTokens);
        }

        if (a.Norm is { } norm)
        {
            BackwardNorm(dTokens, norm, Parameters.DecoderNorm, Parameters.DecoderNormGradients, dTokens);
        }
    }
}
