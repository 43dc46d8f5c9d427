namespace CausalMixFT.Kernels.Devices;

/// <summary>What a GPU's matrix products are computed in; they read and write single precision and sum in it.</summary>
public enum ProductPrecision
{
    /// <summary>Single precision throughout.</summary>
    Full,

    /// <summary>Factors are rounded to TF32, which has single precision's range and 10 bits of fraction. Needs cuBLAS.</summary>
    Tf32,

    /// <summary>Factors are rounded to bfloat16: the same range and 7 bits of fraction. Needs cuBLAS.</summary>
    BFloat16,
}
