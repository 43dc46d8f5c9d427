namespace CausalMixFT.Benchmarks.Peers;

/// <summary>One program's transformer on one case, ready to run.</summary>
interface ITransformerEngine : IDisposable
{
    /// <summary>One forward pass, nothing kept for a backward pass.</summary>
    void Forward();

    /// <summary>Forward, cross-entropy and the gradients of all weights; returns the loss.</summary>
    double ForwardBackward();
}
