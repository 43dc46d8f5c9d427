using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Independence;
using CausalMixFT.Kernels.Tests.Devices;

namespace CausalMixFT.Kernels.Tests.Independence;

public class FirstSeparatorFacts
{
    public static IEnumerable<TheoryDataRow<DeviceKind, int, string>> EveryCase() =>
        from row in new EveryDevice()
        from depth in row.Data == DeviceKind.Emulated ? new[] { 1, 2, 3 } : [1, 2, 3, 4, 5]
        from matrix in new[] { "regular", "singular", "constant", "near copies" }
        select new TheoryDataRow<DeviceKind, int, string>(row.Data, depth, matrix);

    [Theory, MemberData(nameof(EveryCase))]
    public void Sets_agree_with_a_search_one_by_one(DeviceKind kind, int depth, string matrix)
    {
        // The emulator takes milliseconds a set: few variables and few graphs show it everything but size.
        var (variables, rounds) = kind == DeviceKind.Emulated ? (7, 2) : (12, 4);
        using var device = ComputeDevice.Open(kind);
        var operation = FirstSeparator.On(device);
        int separated = 0, left = 0;
        for (int round = 0; round < rounds; round++)
        {
            var random = new Random(100 * depth + round);
            var values = MatrixOf(matrix, variables, random);
            double largest = round == 0 ? 0.02 : 0.1;
            using var correlation = device.Allocate<double>(values);
            var level = LevelOf(variables, depth, density: 0.8, random);

            operation.Search(correlation, level, largest, cancellation: TestContext.Current.CancellationToken);

            var expected = OneByOne(values, level, largest);
            Assert.Equal(expected.Queries, level.Queries);
            Assert.Equal(expected.Undecided, level.Undecided);
            foreach (var (entry, given, r) in expected.Pairs)
            {
                Assert.Equal(given is not null, level.Separated[entry]);
                if (given is null)
                {
                    left++;
                    continue;
                }

                separated++;
                Assert.Equal(given, level.Given.AsSpan(entry * depth, depth).ToArray());

                // Two eliminations in doubles whose smallest pivot is 1e-4, or 1e-6 for near copies, each less exact by
                // its inverse: 1e-16 / 1e-4 and 1e-16 / 1e-6, with room. Worst seen: 1.5e-11, of near copies.
                Assert.Equal(r, level.Correlations[entry], matrix == "near copies" ? 1e-9 : 1e-11);
            }
        }

        // Both must occur, or nothing was tested.
        Assert.True(separated > 0);
        Assert.True(left > 0 || depth > 3);
    }

    [Fact]
    public void Rows_wider_than_a_vector_and_pairs_that_close_one_by_one_change_nothing()
    {
        const int Variables = 37;
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var operation = FirstSeparator.On(device);
        for (int depth = 1; depth <= 3; depth++)
        {
            var random = new Random(depth);
            var values = MatrixOf("singular", Variables, random);
            using var correlation = device.Allocate<double>(values);
            var level = LevelOf(Variables, depth, density: depth == 3 ? 0.4 : 0.9, random);

            operation.Search(correlation, level, 0.01, cancellation: TestContext.Current.CancellationToken);

            var expected = OneByOne(values, level, 0.01);
            Assert.Equal((expected.Queries, expected.Undecided), (level.Queries, level.Undecided));
            Assert.All(expected.Pairs, pair => Assert.Equal(
                pair.Given is null ? null : string.Join(' ', pair.Given),
                level.Separated[pair.Entry] ? string.Join(' ', level.Given.AsSpan(pair.Entry * depth, depth).ToArray()) : null));
        }
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bits()
    {
        var values = MatrixOf("regular", 60, new Random(8));
        var (one, two) = (Run(1), Run(2));
        Assert.Equal((one.Queries, one.Undecided), (two.Queries, two.Undecided));
        Assert.Equal(one.Separated, two.Separated);
        Assert.Equal(one.Given, two.Given);
        Assert.Equal(one.Correlations, two.Correlations);

        SkeletonLevel Run(int threads)
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = threads });
            using var correlation = device.Allocate<double>(values);
            var level = LevelOf(60, 2, density: 0.7, new Random(9));
            FirstSeparator.On(device).Search(correlation, level, 0.005, cancellation: TestContext.Current.CancellationToken);
            return level;
        }
    }

    [Theory, ClassData(typeof(EveryDevice))]
    public void Every_set_separates_at_two_and_none_at_minus_one(DeviceKind kind)
    {
        using var device = ComputeDevice.Open(kind);
        using var correlation = device.Allocate<double>(MatrixOf("regular", 6, new Random(10)));
        var all = LevelOf(6, 2, density: 1, new Random(11));
        var none = LevelOf(6, 2, density: 1, new Random(11));

        FirstSeparator.On(device).Search(correlation, all, 2, cancellation: TestContext.Current.CancellationToken);
        FirstSeparator.On(device).Search(correlation, none, -1, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(all.Asked.Count(asked => asked) / 2, all.Separated.Count(separated => separated));
        Assert.DoesNotContain(true, none.Separated);
    }

    [Fact]
    public void A_search_can_be_stopped()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        using var correlation = device.Allocate<double>(MatrixOf("regular", 6, new Random(10)));
        Assert.Throws<OperationCanceledException>(() => FirstSeparator.On(device).Search(
            correlation, LevelOf(6, 2, density: 1, new Random(11)), 0.1, cancellation: new CancellationToken(canceled: true)));
    }

    /// <summary>The definition: pair by pair, set by set, each partial correlation from scratch.</summary>
    static (List<(int Entry, int[]? Given, double R)> Pairs, long Queries, long Undecided) OneByOne(
        double[] matrix, SkeletonLevel level, double largest)
    {
        var pairs = new List<(int, int[]?, double)>();
        long queries = 0, undecided = 0;
        for (int x = 0; x < level.Variables; x++)
        {
            for (int entry = level.Starts[x]; entry < level.Starts[x + 1]; entry++)
            {
                int y = level.Neighbours[entry];
                if (y > x && level.Asked[entry])
                {
                    int[] besideX = [.. level.CandidatesOf(x).ToArray().Where(node => node != y)];
                    int[] besideY = [.. level.CandidatesOf(y).ToArray().Where(node => node != x)];
                    var sets = Subsets(besideX, level.Depth)
                        .Concat(Subsets(besideY, level.Depth).Where(set => set.Except(besideX).Any()));
                    (int, int[]?, double) answer = (entry, null, 0);
                    foreach (int[] set in sets)
                    {
                        queries++;
                        double r = Definition(matrix, level.Variables, x, y, set);
                        undecided += double.IsNaN(r) ? 1 : 0;
                        if (Math.Abs(r) <= largest)
                        {
                            answer = (entry, set, r);
                            break;
                        }
                    }

                    pairs.Add(answer);
                }
            }
        }

        return (pairs, queries, undecided);
    }

    static IEnumerable<int[]> Subsets(int[] of, int size) =>
        size == 0 ? [[]] : of.SelectMany((first, i) => Subsets(of[(i + 1)..], size - 1).Select(rest => (int[])[first, .. rest]));

    /// <summary>
    /// r of the residuals of x and y on S, as inner products: Gram and Schmidt over S, passing over what those before it
    /// explain to 1e-10; NaN where S explains x or y to 1e-4.
    /// </summary>
    static double Definition(double[] matrix, int variables, int x, int y, int[] given)
    {
        // Vectors are coefficients on x, y and S; their inner products come from the correlation matrix.
        var own = Matrices.Select(matrix, variables, [x, y, .. given]);
        int size = given.Length + 2;
        var basis = new List<double[]>();
        for (int i = 2; i < size; i++)
        {
            var residual = Residual(i);
            double variance = Inner(residual, residual);
            if (variance > 1e-10)
            {
                basis.Add([.. residual.Select(value => value / Math.Sqrt(variance))]);
            }
        }

        var (ofX, ofY) = (Residual(0), Residual(1));
        double vx = Inner(ofX, ofX), vy = Inner(ofY, ofY);
        return vx < 1e-4 || vy < 1e-4 ? double.NaN : Inner(ofX, ofY) / Math.Sqrt(vx * vy);

        double[] Residual(int variable)
        {
            var residual = new double[size];
            residual[variable] = 1;
            foreach (var direction in basis)
            {
                double share = Inner(residual, direction);
                for (int i = 0; i < size; i++)
                {
                    residual[i] -= share * direction[i];
                }
            }

            return residual;
        }

        double Inner(double[] a, double[] b)
        {
            double sum = 0;
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; a[i] != 0 && j < size; j++)
                {
                    sum += a[i] * b[j] * own[i, j];
                }
            }

            return sum;
        }
    }

    static double[] MatrixOf(string kind, int variables, Random random)
    {
        var loadings = new double[variables, variables];
        for (int i = 0; i < variables; i++)
        {
            for (int j = 0; j < variables; j++)
            {
                loadings[i, j] = (random.NextDouble() - 0.5) / 2 + (i == j ? 1 : 0);
            }

            switch (kind)
            {
                // Copies and sums of others; ties between separating sets with them.
                case "singular" when i % 5 == 4:
                    Set(i, j => i % 2 == 0 ? loadings[i - 3, j] : loadings[i - 1, j] - 2 * loadings[i - 2, j]);
                    break;

                // Less than the least pivot the screen trusts, more than the rounding that is passed over.
                case "near copies" when i % 5 == 4:
                    Set(i, j => loadings[i - 2, j] + (i == j ? 1e-3 : 0));
                    break;
            }
        }

        var matrix = Matrices.CorrelationOfLoadings(loadings);
        for (int i = 0; kind == "constant" && i < variables; i += 4)
        {
            for (int j = 0; j < variables; j++)
            {
                matrix[i * variables + j] = matrix[j * variables + i] = i == j ? 1 : 0;
            }
        }

        return matrix;

        void Set(int row, Func<int, double> value)
        {
            for (int j = 0; j < variables; j++)
            {
                loadings[row, j] = value(j);
            }
        }
    }

    // A random graph; some candidates and some pairs left out, as background knowledge does.
    static SkeletonLevel LevelOf(int variables, int depth, double density, Random random)
    {
        var joined = new bool[variables, variables];
        var asked = new bool[variables, variables];
        for (int x = 0; x < variables; x++)
        {
            for (int y = x + 1; y < variables; y++)
            {
                joined[x, y] = joined[y, x] = random.NextDouble() < density;
                asked[x, y] = asked[y, x] = random.NextDouble() < 0.9;
            }
        }

        var (starts, neighbours, candidateStarts, candidates, asks) =
            (new List<int> { 0 }, new List<int>(), new List<int> { 0 }, new List<int>(), new List<bool>());
        for (int x = 0; x < variables; x++)
        {
            foreach (int y in Enumerable.Range(0, variables).Where(y => joined[x, y]))
            {
                neighbours.Add(y);
                asks.Add(asked[x, y]);
                if (random.NextDouble() < 0.9)
                {
                    candidates.Add(y);
                }
            }

            starts.Add(neighbours.Count);
            candidateStarts.Add(candidates.Count);
        }

        return new(depth, [.. starts], [.. neighbours], [.. candidateStarts], [.. candidates], [.. asks]);
    }
}
