using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Engine.TabPfn;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Rng;
using CausalMixFT.Kernels.Transformer;

namespace CausalMixFT.Engine.Tests.TabPfn;

/// <summary>A file of TabPFN v2 is fine-tuned, validated and evaluated with the views that predict shows it.</summary>
public class TabPfnRowsFacts
{
    const int Classes = 3;

    // The switches of TabPFN v2 at sizes of a test.
    static readonly TransformerConfig Small = new()
    {
        Width = 16,
        Heads = 2,
        Hidden = 24,
        Layers = 2,
        AffineNorm = false,
        Biases = false,
        MultiQuery = true,
        GroupSize = 2,
        Cells = CellEncoding.Indicated,
        EncoderBias = false,
        Labels = LabelEncoding.Indicated,
        DensifyLabels = true,
        ColumnEmbedding = 4,
    };

    static readonly ModelTraits Traits = new() { Ensemble = ModelEnsemble.TabPfn, Temperature = 0.9 };

    static readonly CausalMixOptions Options = new()
    {
        Seed = 4,
        FineTuning = new() { Steps = 4, ValidateEvery = 2, ContextRows = 40, QueryRows = 12, LearningRate = 1e-3f },
    };

    [Fact]
    public void Episodes_are_members_of_the_ensemble_that_predicts()
    {
        var task = Task();
        int[] context = [.. Enumerable.Range(0, 50)], query = [.. Enumerable.Range(60, 17)];
        var rows = new TabPfnRows(task.Features, task.Labels, task.ClassNames);
        var members = new TabPfnClassifier(task, context, new() { Seed = 4 }).Members(task.Features.Select(query)).ToArray();
        var seen = new HashSet<int>();
        for (uint draw = 0; draw < 40; draw++)
        {
            var shown = rows.Select(context).Episode(rows.Select(query), Classes, seed: 4, draw);
            int member = Array.FindIndex(members, one => one.Batch.Cells.Span.SequenceEqual(shown.Batch.Cells.Span)
                && one.Batch.ContextLabels.Span.SequenceEqual(shown.Batch.ContextLabels.Span));
            Assert.True(member >= 0, $"Draw {draw} is no member of the ensemble.");
            seen.Add(member);
            Assert.Equal(Classes, shown.Classes);
            Assert.Equal(context.Select(row => (float)shown.Names[task.Labels[row]]), shown.Batch.ContextLabels.ToArray());
            Assert.Equal([0, 1, 2], shown.Names.Order());
        }

        Assert.Equal(8, seen.Count);
    }

    [Fact]
    public void A_class_without_context_rows_has_no_name()
    {
        var task = Task();
        int[] context = [.. Enumerable.Range(0, 60).Where(row => task.Labels[row] != 1)];
        var rows = new TabPfnRows(task.Features, task.Labels, task.ClassNames);
        var shown = rows.Select(context).Episode(rows.Select([60, 61]), Classes, seed: 4, draw: 0);
        Assert.Equal(-1, shown.Names[1]);
        Assert.Equal([-1, 0, 1], shown.Names.Order());
        Assert.Equal(2, shown.Classes);
    }

    [Fact]
    public void Evaluation_predicts_what_predict_does()
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu);
        var (task, model, mix) = (Task(), Untrained(device), new CausalMix(device, Options));
        var split = mix.Split(task);
        float[] evaluated = mix.Evaluate("as given", model, null, task, split).TestProbabilities;

        // The package's way, by hand: eight members, their logits, averaged after the softmax.
        int[] context = [.. split.Train, .. split.Validation];
        using var transformer = model.Load(device);
        using var predictor = new TransformerPredictor(transformer);
        float[] expected = new TabPfnClassifier(task, context, new() { Seed = 4 })
            .Probabilities(task.Features.Select(split.Test), member => predictor.Logits(member.Batch));
        Assert.Equal(expected, evaluated);

        var known = ClassificationTask.From(new LoadedTable(task.Table.Select(context), []), "y");
        Assert.Equal(expected, mix.Predict(model, known, task.Features.Select(split.Test)));
    }

    [Fact]
    public void Fine_tuning_validates_by_two_of_its_members_and_gives_the_same_bits_on_one_thread_and_two()
    {
        var results = ((int[])[1, 2]).Select(threads =>
        {
            using var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = threads });
            var (task, model, mix) = (Task(), Untrained(device), new CausalMix(device, Options));
            var split = mix.Split(task);
            var result = mix.FineTune(model, task, split, task.Table.Select(split.Train));

            using var transformer = model.Load(device);
            using var predictor = new TransformerPredictor(transformer);
            float[] validated = new TabPfnClassifier(task, split.Train, new() { Seed = 4, Members = 2 })
                .Probabilities(task.Features.Select(split.Validation), member => predictor.Logits(member.Batch));
            double loss = split.Validation.Select((row, i) => -Math.Log(validated[i * Classes + task.Labels[row]])).Average();
            Assert.Equal(loss, result.History[0].ValidationLoss, 1e-12); // sums in another order
            return result;
        }).ToArray();
        Assert.Equal(results[0].History, results[1].History);
        Assert.Equal([0, 2, 4], results[0].History.Select(check => check.Step));
        Assert.NotEqual(results[0].History[0].ValidationLoss, results[0].History[1].ValidationLoss);
        Assert.All(results[0].Model.Weights, pair => Assert.Equal(pair.Value, results[1].Model.Weights[pair.Key]));
        Assert.Equal(ModelEnsemble.TabPfn, results[0].Model.Traits.Ensemble);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(60)]
    public void No_member_has_more_columns_than_were_told(int columns)
    {
        var random = new Philox(3);
        foreach (int rows in (int[])[12, 47, 130])
        {
            var table = new Table([.. Enumerable.Range(0, columns).Select(c => new Column(
                $"c{c}", ColumnKind.Numeric, [.. Enumerable.Range(0, rows).Select(row => (double)random.Normal((uint)row, (uint)c))]))]);
            var all = new TabPfnRows(table, [.. Enumerable.Range(0, rows).Select(row => row % 2)], ["a", "b"]);
            int most = Enumerable.Range(0, 20).Max(draw => all.Episode(all, 2, seed: 1, (uint)draw).Batch.Columns);
            Assert.Equal(all.MostColumns(rows), most); // of numbers alone, all of the bound is used
        }
    }

    // Numbers with gaps, a name, and three classes, whose order as text is not that in the table.
    static ClassificationTask Task()
    {
        const int Rows = 120;
        var random = new Philox(8);
        double[] Draw(uint stream) => [.. Enumerable.Range(0, Rows).Select(row => (double)random.Normal((uint)row, stream))];
        double[] x = Draw(1), z = Draw(2), gaps = Draw(3);
        var labels = x.Select((value, row) => value > 0.6 ? 2.0 : value + z[row] > 0 ? 1 : 0).ToArray();
        return ClassificationTask.From(
            new LoadedTable(
                new Table(
                [
                    new("x", ColumnKind.Numeric, x),
                    new("z", ColumnKind.Numeric, [.. z.Select((value, row) => gaps[row] > 1 ? double.NaN : value)]),
                    new("colour", ColumnKind.Categorical, [.. z.Select((value, row) => (double)(row * 7 % 3))], ["red", "green", "blue"]),
                    new("y", ColumnKind.Categorical, labels, ["low", "high", "common"]),
                ]),
                []),
            "y");
    }

    static TabularModel Untrained(ComputeDevice device)
    {
        using var transformer = new TabularTransformer(device, Small);
        transformer.Parameters.Initialize(seed: 5);
        return TabularModel.From(transformer, "untrained", Traits);
    }
}
