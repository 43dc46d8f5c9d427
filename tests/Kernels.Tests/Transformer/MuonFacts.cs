using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Tests.Devices;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Kernels.Tests.Transformer;

public class MuonFacts(ITestOutputHelper output)
{
    static readonly TransformerConfig Config = new() { Width = 6, Heads = 2, Hidden = 8, Layers = 1, Classes = 3 };

    const float Rate = 0.02f;

    static readonly MuonOptions Options = new()
    {
        Momentum = 0.9f,
        WeightDecay = 0.1f,
        AdamW = new() { Beta2 = 0.99f, WeightDecay = 0.05f, ClipNorm = 2 },
        AdamWRate = 0.3f,
    };

    public static IEnumerable<TheoryDataRow<DeviceKind, MuonScale, bool>> Cases() =>
        from kind in new EveryDevice().Select(row => row.Data)
        from choice in ((MuonScale Scale, bool Nesterov)[])[(MuonScale.Moonlight, true), (MuonScale.Original, false)]
        select new TheoryDataRow<DeviceKind, MuonScale, bool>(kind, choice.Scale, choice.Nesterov);

    // The gradient of step t: clipped at first, and then not.
    static float[] GradientOf(int step, ParameterInfo info) =>
        Array.ConvertAll(Values.Draw(100 * step + info.Offset, info.Length), v => (float)(v / Math.Pow(10, step)));

    [Theory, MemberData(nameof(Cases))]
    public void Muon_takes_the_steps_of_its_definition(DeviceKind kind, MuonScale scale, bool nesterov)
    {
        var options = Options with { Scale = scale, Nesterov = nesterov };
        using var device = ComputeDevice.Open(kind);
        using var model = new TabularTransformer(device, Config);
        var parameters = model.Parameters;
        parameters.Initialize(seed: 3);
        using var optimizer = new MuonOptimizer(device, parameters, options);
        var definition = new Definition(parameters, options);
        for (int step = 1; step <= 3; step++)
        {
            var gradients = parameters.All.ToDictionary(info => info.Name, info => GradientOf(step, info));
            foreach (var (name, gradient) in gradients)
            {
                parameters.Gradient(name).CopyFrom(gradient);
            }

            optimizer.Step(Rate);
            definition.Step(step, gradients);
        }

        // A step's rounding grows as small singular values do, 485 times at most: worst seen 1.5e-7.
        double error = definition.Weights.Max(pair => Values.LargestDifference(pair.Value, parameters.Weight(pair.Key)));
        output.WriteLine($"{kind}, {scale}: {error:e1}");
        Assert.InRange(error, 0, 2e-6);
    }

    [Fact]
    public void Scales_are_those_of_the_papers()
    {
        var original = new MuonOptions { Scale = MuonScale.Original };
        Assert.Equal(2, original.ScaleOf(400, 100));
        Assert.Equal(1, original.ScaleOf(100, 400));
        Assert.Equal(4, new MuonOptions().ScaleOf(400, 100), 1e-6);
        Assert.Equal(4, new MuonOptions().ScaleOf(100, 400), 1e-6);
    }

    // Jordan's reference implementation and AdamW's, in double; matrices as arrays of rows.
    sealed class Definition
    {
        readonly Parameters _parameters;
        readonly MuonOptions _options;
        readonly Dictionary<string, double[]> _mean = [], _square = [];

        public Definition(Parameters parameters, MuonOptions options)
        {
            _parameters = parameters;
            _options = options;
            foreach (var info in parameters.All)
            {
                Weights[info.Name] = Array.ConvertAll(parameters.Weight(info.Name).ToArray(), v => (double)v);
                _mean[info.Name] = new double[info.Length];
                _square[info.Name] = new double[info.Length];
            }
        }

        public Dictionary<string, double[]> Weights { get; } = [];

        public void Step(int number, Dictionary<string, float[]> gradients)
        {
            double norm = Math.Sqrt(gradients.Values.Sum(gradient => gradient.Sum(g => (double)g * g)));
            double clip = Math.Min(1, 2 / norm);
            foreach (var info in _parameters.All)
            {
                double[] g = [.. gradients[info.Name].Select(value => value * clip)];
                bool matrix = info.Name.Contains("blocks", StringComparison.Ordinal) && info.Shape.Count == 2;
                if (matrix)
                {
                    // Queries, keys and values are three matrices of one stack.
                    int parts = info.Name.Contains("in_proj", StringComparison.Ordinal) ? 3 : 1, length = info.Length / parts;
                    for (int part = 0; part < parts; part++)
                    {
                        Muon(info.Name, part * length, info.Shape[0] / parts, info.Shape[1], g);
                    }
                }
                else
                {
                    AdamW(info.Name, number, g);
                }
            }
        }

        void Muon(string name, int first, int rows, int columns, double[] g)
        {
            double[] w = Weights[name], m = _mean[name], u = new double[rows * columns];
            for (int i = 0; i < u.Length; i++)
            {
                m[first + i] = 0.9 * m[first + i] + 0.1 * g[first + i];
                u[i] = _options.Nesterov ? 0.1 * g[first + i] + 0.9 * m[first + i] : m[first + i];
            }

            double scale = _options.Scale == MuonScale.Original
                ? Math.Sqrt(Math.Max(1, (double)rows / columns))
                : 0.2 * Math.Sqrt(Math.Max(rows, columns));
            double[] step = Orthogonal(u, rows, columns);
            for (int i = 0; i < u.Length; i++)
            {
                w[first + i] = w[first + i] * (1 - 0.02 * 0.1) - 0.02 * scale * step[i];
            }
        }

        void AdamW(string name, int number, double[] g)
        {
            double[] w = Weights[name], m = _mean[name], v = _square[name];
            const double rate = 0.02 * 0.3;
            for (int i = 0; i < g.Length; i++)
            {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                double corrected = Math.Sqrt(v[i] / (1 - Math.Pow(0.99, number)));
                w[i] -= rate * (0.05 * w[i] + m[i] / (1 - Math.Pow(0.9, number)) / (corrected + 1e-8));
            }
        }

        // zeropower_via_newtonschulz5, of the matrix or, if that is tall, of its transpose.
        static double[] Orthogonal(double[] matrix, int rows, int columns)
        {
            if (rows > columns)
            {
                return Transpose(Orthogonal(Transpose(matrix, rows, columns), columns, rows), columns, rows);
            }

            double norm = Math.Sqrt(Values.Dot(matrix, matrix)) + 1e-7;
            double[] x = [.. matrix.Select(value => value / norm)];
            for (int i = 0; i < 5; i++)
            {
                double[] a = Product(x, Transpose(x, rows, columns), rows, columns, rows), square = Product(a, a, rows, rows, rows);
                double[] b = [.. a.Zip(square, (first, second) => -4.7750 * first + 2.0315 * second)];
                x = [.. x.Zip(Product(b, x, rows, rows, columns), (first, second) => 3.4445 * first + second)];
            }

            return x;
        }

        static double[] Transpose(double[] x, int rows, int columns) =>
            [.. Enumerable.Range(0, x.Length).Select(i => x[i % rows * columns + i / rows])];

        static double[] Product(double[] a, double[] b, int m, int k, int n) =>
            [.. Enumerable.Range(0, m * n).Select(i => Enumerable.Range(0, k).Sum(p => a[i / n * k + p] * b[p * n + i % n]))];
    }
}
