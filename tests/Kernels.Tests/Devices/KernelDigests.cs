using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CausalMixFT.Kernels.Tests.Transformer;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>Hashes of what the CPU's kernels compute, at sizes about their tiles' and vectors': a line for each operation and size.</summary>
static class KernelDigests
{
    public static IEnumerable<string> Lines()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var workspace = new Workspace(device);
        var operations = new Operations(device, workspace);
        IEnumerable<(string Name, Func<IEnumerable<Tensor>> Compute)> cases =
        [
            .. from n in (int[])[1, 31, 32, 33, 47, 64, 97]
               from k in (int[])[5, 300]
               from accumulate in (bool[])[false, true]
               from rows in (int[])[.. Enumerable.Range(1, 9), 31, 150]
               from transpose in (bool[])[false, true]
               select ($"product {rows}x{k}x{n} transposed {transpose} added {accumulate}", operations.Product(rows, n, k, transpose, accumulate)),
            .. from shape in ((int In, int Out)[])[(33, 31), (31, 33), (47, 64), (64, 47), (40, 32), (96, 130)]
               from rows in (int[])[.. Enumerable.Range(1, 9), 97, 300]
               select ($"linear {rows}x{shape.In}x{shape.Out}", operations.Linear(rows, shape.In, shape.Out)),
            .. from headWidth in (int[])[5, 8, 16, 24, 32, 48, 64]
               from keys in (int[])[1, 12, 37, 301]
               from queries in keys == 37 ? Enumerable.Range(1, 70) : [1, 17, 64, 133]
               from over in ((int Inner, bool First)[])[(1, false), (2, false), (1, true)]
               select ($"attention {queries} on {keys} of {headWidth}, inner {over.Inner}, first {over.First}",
                   operations.Attention(new AttentionShape(2, over.Inner, queries, keys, 2, over.First), headWidth)),
            .. from length in (int[])[.. Enumerable.Range(1, 40), 9000] select ($"GELU {length}", operations.Gelu(length)),
            .. from length in (int[])[1, 15, 31, 33, 5000] select ($"norm {length}", operations.Norm(length)),
            .. from shape in ((int Rows, int Width)[])[(33, 47), (64, 9)]
               select ($"orthogonalise {shape.Rows}x{shape.Width}", operations.Orthogonal(shape.Rows, shape.Width)),
        ];
        foreach (var (name, compute) in cases)
        {
            workspace.Reset();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var tensor in compute())
            {
                hash.AppendData(MemoryMarshal.AsBytes<float>(tensor.ToArray()));
            }

            yield return $"{name}: {Convert.ToHexString(hash.GetHashAndReset())}";
        }
    }

    sealed class Operations(ComputeDevice device, Workspace workspace)
    {
        readonly MatrixMultiply _product = MatrixMultiply.On(device);
        readonly Linear _linear = Kernels.Transformer.Linear.On(device);
        readonly Attention _attention = Kernels.Transformer.Attention.On(device);
        readonly Gelu _gelu = Kernels.Transformer.Gelu.On(device);
        readonly GradientNorm _norm = GradientNorm.On(device);
        readonly NewtonSchulz _newtonSchulz = NewtonSchulz.On(device);

        public Func<IEnumerable<Tensor>> Product(int m, int n, int k, bool transpose, bool accumulate) => () =>
        {
            Tensor a = Draw(1, transpose ? k : m, transpose ? m : k), b = Draw(2, transpose ? n : k, transpose ? k : n), c = Draw(3, m, n);
            _product.Multiply(a, b, c, transpose, transpose, accumulate);
            return [c];
        };

        public Func<IEnumerable<Tensor>> Linear(int rows, int inWidth, int outWidth) => () =>
        {
            Tensor x = Draw(1, rows, inWidth), w = Draw(2, outWidth, inWidth), b = Draw(3, 1, outWidth), dy = Draw(4, rows, outWidth);
            Tensor[] y = [.. Enumerable.Range(5, 4).Select(seed => Draw(seed, rows, outWidth))];
            _linear.Forward(x, w, bias: null, y[0]);
            _linear.Forward(x, w, b, y[1]);
            _linear.Forward(x, w, bias: null, y[2], accumulate: true);
            _linear.Forward(x, w, b, y[3], accumulate: true);
            Tensor dx = Draw(9, rows, inWidth), added = Draw(10, rows, inWidth), dw = Draw(11, outWidth, inWidth), db = Draw(12, 1, outWidth);
            _linear.Backward(dy, x, w, dx, dw, db);
            _linear.Backward(dy, x, w, added, dw, dBias: null, accumulate: true);
            return [.. y, dx, added, dw, db];
        };

        public Func<IEnumerable<Tensor>> Attention(AttentionShape shape, int headWidth) => () =>
        {
            int width = shape.Heads * headWidth;
            Tensor q = Draw(1, shape.QueryTokens, width), keyValue = Draw(2, shape.KeyTokens, 2 * width);
            Tensor dAttended = Draw(3, shape.QueryTokens, width), o = workspace.Take(shape.QueryTokens, width);
            Tensor logSumExp = workspace.Take(shape.QueryTokens, shape.Heads), dq = workspace.Take(shape.QueryTokens, width);
            Tensor dKeyValue = Draw(4, shape.KeyTokens, 2 * width);
            _attention.Forward(shape, q, keyValue, o, logSumExp);
            _attention.Backward(shape, dAttended, q, keyValue, o, logSumExp, dq, dKeyValue);
            return [o, logSumExp, dq, dKeyValue];
        };

        public Func<IEnumerable<Tensor>> Gelu(int length) => () =>
        {
            // Over both branches of the error function.
            Tensor x = Draw(1, 1, length, scale: 6), y = workspace.Take(1, length), dx = workspace.Take(1, length);
            _gelu.Forward(x, y);
            _gelu.Backward(Draw(2, 1, length), x, dx);
            return [y, dx];
        };

        public Func<IEnumerable<Tensor>> Norm(int length) => () =>
        {
            var norm = workspace.Take(1, 1);
            _norm.Measure(Draw(1, 1, length), norm);
            return [norm];
        };

        public Func<IEnumerable<Tensor>> Orthogonal(int rows, int width) => () =>
        {
            var matrix = Draw(1, rows, width);
            _newtonSchulz.Orthogonalize(matrix, 5, workspace);
            return [matrix];
        };

        Tensor Draw(int seed, int rows, int width, double scale = 1) =>
            Array.ConvertAll(Values.Draw(seed, rows * width), value => scale * value).On(workspace, rows, width);
    }
}
