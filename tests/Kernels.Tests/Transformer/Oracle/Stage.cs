namespace CausalMixFT.Kernels.Tests.Transformer.Oracle;

/// <summary>
/// A part of the model. Forward keeps what Backward reads; Backward takes the gradient of the output, adds to those of the
/// weights and returns that of the input.
/// </summary>
abstract class Stage
{
    public abstract Matrix Forward(Matrix x);

    public abstract Matrix Backward(Matrix dy);
}

/// <summary>Stages one after the other.</summary>
sealed class Chain(params Stage[] stages) : Stage
{
    public override Matrix Forward(Matrix x) => stages.Aggregate(x, (value, stage) => stage.Forward(value));

    public override Matrix Backward(Matrix dy) => stages.Reverse().Aggregate(dy, (d, stage) => stage.Backward(d));
}

/// <summary>A sub-layer and its residual: Norm(h + S(h)), or h + S(Norm(h)) where the norm comes before.</summary>
sealed class Residual(Stage subLayer, Stage norm, bool normBefore) : Stage
{
    public override Matrix Forward(Matrix h) => normBefore
        ? h + subLayer.Forward(norm.Forward(h))
        : norm.Forward(h + subLayer.Forward(h));

    public override Matrix Backward(Matrix dy)
    {
        if (normBefore)
        {
            return dy + norm.Backward(subLayer.Backward(dy));
        }

        var d = norm.Backward(dy);
        return d + subLayer.Backward(d);
    }
}
