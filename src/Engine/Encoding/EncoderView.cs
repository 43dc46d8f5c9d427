namespace CausalMixFT.Engine.Encoding;

/// <summary>How numbers are shown to the model; categories look the same in every view.</summary>
public enum EncoderView
{
    /// <summary>Standardised: less the training mean, over the training standard deviation.</summary>
    Raw,

    /// <summary>
    /// Normal scores of the rank among training values: insensitive to heavy tails and to any rising transformation.
    /// </summary>
    Rank,
}
