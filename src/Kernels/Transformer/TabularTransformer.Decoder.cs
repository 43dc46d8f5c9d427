using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

public sealed partial class TabularTransformer
{
    // From the last layer's tokens of the query rows to logits.
    DecoderActivations Decode(EpisodeShape shape, Tensor tokens, Workspace workspace)
    {
        NormActivations? norm = null;
        if (Config.NormBefore)
        {
            norm = NormActivations.Take(Config, tokens.Rows, workspace);
            Normalize(tokens, Parameters.DecoderNorm, norm.Value);
        }

        var read = norm?.Output ?? tokens;
        if (Config.Decoder == DecoderInput.FeatureMean)
        {
            var means = workspace.Take(shape.AllQueryRows, Config.Width);
            _featureMean.Forward(read, means);
            read = means;
        }

        Tensor up = workspace.Take(read.Rows, Config.Hidden), activated = workspace.Take(read.Rows, Config.Hidden);
        var logits = workspace.Take(read.Rows, Config.Classes);
        Project(read, Parameters.Decoder1, up);
        _gelu.Forward(up, activated);
        Project(activated, Parameters.Decoder2, logits);
        return new(norm, read, up, activated, logits);
    }

    // Writes the gradient of the last layer's tokens.
    void BackwardDecode(Tensor dLogits, DecoderActivations a, Tensor dTokens, Gradients d)
    {
        var dHidden = d.Wide.Slice(0, a.Up.Rows);
        BackwardProject(dLogits, a.Activated, Parameters.Decoder2, Parameters.Decoder2Gradients, dHidden);
        _gelu.Backward(dHidden, a.Up, dHidden);
        if (Config.Decoder == DecoderInput.FeatureMean)
        {
            var dMeans = d.Read.Slice(0, a.Read.Rows);
            BackwardProject(dHidden, a.Read, Parameters.Decoder1, Parameters.Decoder1Gradients, dMeans);
            _featureMean.Backward(dMeans, dTokens);
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
