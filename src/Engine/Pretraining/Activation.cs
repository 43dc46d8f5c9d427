using System.Numerics.Tensors;

namespace CausalMixFT.Engine.Pretraining;

/// <summary>A function of one number that bends a variable of a random world.</summary>
enum Activation
{
    Identity, Tanh, Relu, LeakyRelu, Sine, Absolute, Square, Softplus, Bell, Step, Sign, LogAbsolute, Sigmoid, Root, Sawtooth,
    Exponential,
}

/// <summary>Draws and applies activations.</summary>
static class Activations
{
    /// <summary>An activation, the common ones more often.</summary>
    public static Activation Draw(DrawSequence draw) => draw.Pick<Activation>([
        (Activation.Identity, 0.2f), (Activation.Tanh, 0.15f), (Activation.Relu, 0.12f), (Activation.LeakyRelu, 0.06f),
        (Activation.Sine, 0.07f), (Activation.Absolute, 0.06f), (Activation.Square, 0.05f), (Activation.Softplus, 0.04f),
        (Activation.Bell, 0.05f), (Activation.Step, 0.05f), (Activation.Sign, 0.03f), (Activation.LogAbsolute, 0.03f),
        (Activation.Sigmoid, 0.03f), (Activation.Root, 0.02f), (Activation.Sawtooth, 0.02f), (Activation.Exponential, 0.02f),
    ]);

    /// <summary>Replaces each x by f(x); results stay finite for |x| up to 1e9.</summary>
    public static void Apply(Activation activation, Span<float> values)
    {
        switch (activation)
        {
            case Activation.Tanh:
                TensorPrimitives.Tanh(values, values);
                break;
            case Activation.Sigmoid:
                TensorPrimitives.Sigmoid(values, values);
                break;
            case Activation.Sine:
                TensorPrimitives.Sin(values, values);
                break;
            case Activation.Absolute:
                TensorPrimitives.Abs(values, values);
                break;
            case Activation.Square:
                TensorPrimitives.Multiply(values, values, values);
                break;
            case Activation.Exponential:
                TensorPrimitives.Min(values, 4, values);
                TensorPrimitives.Exp(values, values);
                break;
            case Activation.Bell: // exp(−x² / 2)
                TensorPrimitives.Multiply(values, values, values);
                TensorPrimitives.Multiply(values, -0.5f, values);
                TensorPrimitives.Exp(values, values);
                break;
            case not Activation.Identity:
                foreach (ref float value in values)
                {
                    value = Of(activation, value);
                }

                break;
        }
    }

    static float Of(Activation activation, float x) => activation switch
    {
        Activation.Relu => Math.Max(0, x),
        Activation.LeakyRelu => x < 0 ? 0.2f * x : x,
        Activation.Softplus => x > 20 ? x : MathF.Log(1 + MathF.Exp(x)),
        Activation.Step => x > 0 ? 1 : 0,
        Activation.Sign => x > 0 ? 1 : -1,
        Activation.LogAbsolute => MathF.Log(0.05f + MathF.Abs(x)),
        Activation.Root => MathF.CopySign(MathF.Sqrt(MathF.Abs(x)), x),
        Activation.Sawtooth => x - MathF.Floor(x),
        _ => x,
    };
}
