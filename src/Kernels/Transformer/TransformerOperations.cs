using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Transformer;

/// <summary>The operations of a <see cref="TabularTransformer"/> on one device.</summary>
sealed record TransformerOperations(
    Linear Linear, Gelu Gelu, TokenAssembly Assembly, LabelTokens LabelTokens, FirstKeyHead FirstKeyHead, FeatureMean FeatureMean,
    Attention Attention, LinearAttention LinearAttention, Norm Norm)
{
    internal static TransformerOperations On(ComputeDevice device, NormKind norm) => new(
        Linear.On(device), Gelu.On(device), TokenAssembly.On(device), LabelTokens.On(device), FirstKeyHead.On(device),
        FeatureMean.On(device), Attention.On(device), LinearAttention.On(device), Norm.On(device, norm));
}
