using BenchmarkDotNet.Attributes;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Benchmarks.Kernels.Transformer;

/// <summary>Attention at the shapes of TabPFN v2 (width 192, 6 heads) and of the nano model (width 96, 4 heads).</summary>
/// <remarks>
/// Counted are the products alone: 4 · queries · keys · headWidth a head forward and 10 backward, so that the figure can be
/// held against RooflineBench and the matrix product; the exponentials come on top.
/// </remarks>
public class AttentionBench : ICountsWork
{
    /// <summary>What attends to what, of 1,000 context rows and 250 query rows.</summary>
    public enum Attending
    {
        /// <summary>TabPFN v2, context to context, 6 tokens a row.</summary>
        V2Context,

        /// <summary>TabPFN v2, query rows to the first key head, 6 tokens a row.</summary>
        V2Query,

        /// <summary>TabPFN v2, the 6 tokens of each row to each other.</summary>
        V2Features,

        /// <summary>TabPFN v2 with 100 columns, the 51 tokens of each row to each other.</summary>
        V2WideFeatures,

        /// <summary>The nano model, all rows to the context, 11 tokens a row.</summary>
        NanoRows,

        /// <summary>The nano model, the 11 tokens of each row to each other.</summary>
        NanoFeatures,
    }

    /// <summary>The direction that is timed.</summary>
    public enum Pass
    {
        /// <summary>o from q, k and v.</summary>
        Forward,

        /// <summary>dq, dk and dv.</summary>
        Backward,
    }

    ComputeDevice _device = null!;
    Workspace _workspace = null!;
    Attention _attention = null!;
    Tensor _q, _keyValue, _o, _logSumExp, _dAttended, _dq, _dKeyValue;

    /// <summary>The shape.</summary>
    [ParamsAllValues]
    public Attending Of { get; set; }

    /// <summary>Forward or backward.</summary>
    [ParamsAllValues]
    public Pass Direction { get; set; }

    (AttentionShape Shape, int Width) Sizes => Of switch
    {
        Attending.V2Context => (new(1, 6, 1000, 1000, 6), 192),
        Attending.V2Query => (new(1, 6, 250, 1000, 6, FirstKeyHead: true), 192),
        Attending.V2Features => (new(1250, 1, 6, 6, 6), 192),
        Attending.V2WideFeatures => (new(1250, 1, 51, 51, 6), 192),
        Attending.NanoRows => (new(1, 11, 1250, 1000, 4), 96),
        _ => (new(1250, 1, 11, 11, 4), 96),
    };

    public double Work =>
        (Direction == Pass.Forward ? 4.0 : 10.0) * Sizes.Shape.QueryTokens * Sizes.Shape.Keys * Sizes.Width;

    public string Unit => "FLOP";

    [GlobalSetup]
    public void Open()
    {
        _device = ComputeDevice.Open(DeviceKind.Cpu);
        _workspace = new Workspace(_device);
        _attention = Attention.On(_device);
        var (shape, width) = Sizes;
        _q = Draw(1, shape.QueryTokens, width);
        _keyValue = Draw(2, shape.KeyTokens, 2 * width);
        _dAttended = Draw(3, shape.QueryTokens, width);
        _o = _workspace.Take(shape.QueryTokens, width);
        _logSumExp = _workspace.Take(shape.QueryTokens, shape.Heads);
        _dq = _workspace.Take(shape.QueryTokens, width);
        _dKeyValue = _workspace.Take(shape.KeyTokens, 2 * width);
        _attention.Forward(shape, _q, _keyValue, _o, _logSumExp);
    }

    [Benchmark]
    public void Attend()
    {
        if (Direction == Pass.Forward)
        {
            _attention.Forward(Sizes.Shape, _q, _keyValue, _o, _logSumExp);
        }
        else
        {
            _attention.Backward(Sizes.Shape, _dAttended, _q, _keyValue, _o, _logSumExp, _dq, _dKeyValue);
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        _workspace.Dispose();
        _device.Dispose();
    }

    Tensor Draw(int seed, int rows, int width)
    {
        var random = new Random(seed);
        var tensor = _workspace.Take(rows, width);
        tensor.CopyFrom([.. Enumerable.Range(0, rows * width).Select(_ => random.NextSingle() * 2 - 1)]);
        return tensor;
    }
}
