using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Kernels.Rng;

namespace CausalMixFT.Engine.Tests.Pretraining;

public class RandomWorldFacts
{
    [Fact]
    public void Parents_come_before_their_children_in_every_family()
    {
        var draw = new DrawSequence(new Philox(1));
        foreach (var family in Enum.GetValues<GraphFamily>())
        {
            int arrows = 0;
            foreach (int nodes in (int[])[1, 2, 3, 9, 60])
            {
                for (int repeat = 0; repeat < 20; repeat++)
                {
                    var parents = RandomGraph.Draw(draw, family, nodes);
                    Assert.Equal(nodes, parents.Length);
                    for (int node = 0; node < nodes; node++)
                    {
                        Assert.All(parents[node], parent => Assert.InRange(parent, 0, node - 1));
                        Assert.Equal(parents[node].Distinct().Order(), parents[node]);
                        arrows += parents[node].Length;
                    }
                }
            }

            // 20 graphs of each size, at least half of the largest one's nodes with a parent.
            Assert.True(arrows > 20 * 30, $"{family}: {arrows}");
        }
    }

    [Fact]
    public void Every_activation_stays_finite()
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            float[] values = [-1e9f, -300, -1, -1e-30f, 0, 0.5f, 40, 1e9f];
            Activations.Apply(activation, values);
            Assert.DoesNotContain(values, value => !float.IsFinite(value));
        }
    }

    [Fact]
    public void Every_mechanism_gives_finite_values_that_depend_on_the_parents()
    {
        const int Rows = 200;
        var draw = new DrawSequence(new Philox(2));
        var values = new float[3 * Rows];
        draw.Normals(values);
        foreach (var kind in Enum.GetValues<MechanismKind>())
        {
            var into = new float[Rows];
            new RandomMechanism(draw, Rows).Evaluate(kind, Activation.Tanh, values, [0, 2], into);
            Assert.DoesNotContain(into, value => !float.IsFinite(value));
            Assert.True(into.Distinct().Count() > 1, $"{kind}");
        }
    }

    [Fact]
    public void Variables_have_mean_0_and_variance_1()
    {
        for (uint seed = 0; seed < 40; seed++)
        {
            var draw = new DrawSequence(new Philox(seed));
            int[] classOf = seed % 2 == 0 ? [] : LabelRule.DrawRoot(draw, 3, 150);
            var world = RandomScm.Sample(draw, 12, 150, classOf);
            for (int node = 0; node < world.Nodes; node++)
            {
                var column = world.Column(node).ToArray();

                // Sums of 150 floats up to 12: rounding below 150 · 2⁻²⁴ · 144 / 150. A variable that was constant became
                // normal draws, whose mean strays by 1/√150 and variance by √(2/150): four of each.
                Assert.InRange(column.Average(value => (double)value), -0.33, 0.33);
                Assert.InRange(column.Average(value => (double)value * value), 0.5, 1.5);
            }
        }
    }

    [Fact]
    public void Uniforms_and_normals_fill_spans_of_any_length()
    {
        var draw = new DrawSequence(new Philox(3));
        var uniforms = new float[10_001];
        draw.Uniforms(uniforms);
        Assert.All(uniforms, u => Assert.InRange(u, float.Epsilon, 1 - 1e-7f));

        // Standard errors 0.0029 and 0.01, four of each.
        Assert.InRange(uniforms.Average(), 0.488, 0.512);
        var normals = new float[10_001];
        draw.Normals(normals);
        Assert.InRange(normals.Average(), -0.04, 0.04);
        Assert.InRange(normals.Average(z => z * z), 0.94, 1.06);
    }

    [Theory]
    [InlineData(true, 0.97, 1)]
    [InlineData(false, 0.35, 0.65)]
    public void The_screen_tells_a_table_that_says_the_class_from_noise(bool says, double low, double high)
    {
        // Noise: an AUC of 60 against 140 rows has a standard error of 0.045, three of them either side.
        var shape = new TableShape(1, 150, 50, 3, 2);
        var draw = new DrawSequence(new Philox(4));
        var features = new float[600];
        draw.Normals(features);
        int[] labels = [.. Enumerable.Range(0, 200).Select(row =>
            says ? (features[row * 3 + 1] > 0.5f ? 1 : 0) : row % 10 < 3 ? 1 : 0)];
        Assert.InRange(new LearnableScreen(draw, shape).Auc(features, labels), low, high);
    }
}
