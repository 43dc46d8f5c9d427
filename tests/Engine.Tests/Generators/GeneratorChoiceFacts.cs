using CausalMixFT.Engine.Generators;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Tests.Generators;

/// <summary>Generators by name with options after it.</summary>
public class GeneratorChoiceFacts
{
    // A choice that is quick, and an option that has to change its rows: every option of every generator is here.
    static readonly (string Choice, string Option)[] Changes =
    [
        ("smoothed-bootstrap", "bandwidth=0.5"), ("noise-swap", "bandwidth=0.5"), ("noise-swap", "swap=0.9"), ("mixup", "alpha=1"),
        ("smote", "k=1"), ("smote-nc", "k=1"), ("borderline-smote", "k=1"), ("borderline-smote", "m=3"), ("adasyn", "k=2"),
        ("smote", "standardise=true"), ("smote-nc", "standardise=true"), ("borderline-smote", "standardise=true"), ("adasyn", "standardise=true"),
        ("forest", "trees=4"), ("forest", "min-rows-per-leaf=20"), ("forest trees=4 min-rows-per-leaf=2", "rounds=1"),
        ("diffusion steps=3 batch=32", "steps=5"), ("diffusion steps=3 batch=32", "batch=16"),
        ("diffusion steps=3 batch=32", "learning-rate=0.1"), ("diffusion steps=3 batch=32", "noise-steps=10"),
        ("tvae epochs=2", "epochs=5"), ("tvae epochs=2", "batch=50"), ("tvae epochs=2", "learning-rate=0.1"),
        ("ctgan epochs=2 batch=50", "epochs=3"), ("ctgan epochs=2 batch=50", "batch=20"), ("ctgan epochs=2 batch=50", "learning-rate=0.1"),
        ("ctgan epochs=2 batch=50", "critic-steps=3"),
        ("energy steps=3", "steps=5"), ("energy steps=3", "step-size=3"), ("energy steps=3", "noise=0.5"), ("energy steps=3", "max-context=8"),
        ("scm", "alpha=0.9"), ("scm", "max-depth=0"), ("scm", "no-trees=true"), ("scm", "ridge=1000"), ("scm alpha=0.3", "free-target=true"),
        ("scm-ensemble bootstraps=3", "alpha=0.9"), ("scm-ensemble bootstraps=3", "max-depth=0"),
        ("scm-ensemble bootstraps=3", "no-trees=true"), ("scm-ensemble bootstraps=3", "ridge=1000"), ("scm-ensemble bootstraps=3", "free-target=true"),
        ("scm-ensemble bootstraps=3", "graphs=2"), ("scm-ensemble bootstraps=3", "bootstraps=9"),
    ];

    public static TheoryData<string, string> Changed => [.. Changes];

    public static TheoryData<string> WithOptions => [.. GeneratorCatalog.All.Where(entry => entry.Options.Count > 0).Select(entry => entry.Name)];

    [Theory, MemberData(nameof(Changed))]
    public void An_option_reaches_its_generator(string choice, string option)
    {
        using var device = ComputeDevice.Open(DeviceKind.Cpu, new() { Threads = 1 });
        string[] words = choice.Split(' '), others = [.. words.Where(word => word.Split('=')[0] != option.Split('=')[0])];
        Assert.NotEqual(Cells(choice, device), Cells(string.Join(' ', [.. others, option]), device));
    }

    [Fact]
    public void No_option_is_forgotten_above() => Assert.Equal(
        GeneratorCatalog.All.SelectMany(entry => entry.Options.Select(option => $"{entry.Name} {option.Name}")).Order(StringComparer.Ordinal),
        Changes.Select(change => $"{GeneratorChoice.NameOf(change.Choice)} {change.Option.Split('=')[0]}").Order(StringComparer.Ordinal));

    // What stores call a generator must not change where nothing is chosen, nor where what is chosen is what it would be anyway.
    [Theory, MemberData(nameof(WithOptions))]
    public void Presets_are_the_plain_generator(string generator)
    {
        var options = GeneratorCatalog.All.Single(entry => entry.Name == generator).Options;
        Assert.Equal(generator, GeneratorChoice.Parse(generator).ToString());
        Assert.Equal(generator, GeneratorChoice.Of(generator, options.Select(option => (option.Name, option.Text(option.Preset)))).ToString());
        Assert.All(options, option => Assert.InRange(option.Preset, option.Least, option.Most));
    }

    // Whoever changes a line here changes what a study draws, and raises Study.GeneratorDefaults.
    [Fact]
    public void Presets_are_what_the_generators_have_of_themselves()
    {
        Assert.Equal(
            "smoothed-bootstrap bandwidth=0.141; noise-swap bandwidth=0.1 swap=0.1; mixup alpha=0.2; smote k=5 standardise=false; " +
            "smote-nc k=5 standardise=false; borderline-smote k=5 standardise=false m=10; adasyn k=5 standardise=false; forest trees=30 min-rows-per-leaf=5 rounds=10; " +
            "diffusion steps=2500 batch=1024 learning-rate=0.002 noise-steps=100; tvae epochs=300 batch=500 learning-rate=0.001; " +
            "ctgan epochs=300 batch=500 learning-rate=0.0002 critic-steps=1; energy steps=200 step-size=0.1 noise=0.01 max-context=256; " +
            "scm alpha=0.01 max-depth=3 no-trees=false free-target=false ridge=1; " +
            "scm-ensemble alpha=0.01 max-depth=3 no-trees=false free-target=false ridge=1 graphs=8 bootstraps=100",
            string.Join("; ", GeneratorCatalog.All.Where(entry => entry.Options.Count > 0).Select(entry => string.Join(
                ' ', entry.Options.Select(option => $"{option.Name}={option.Text(option.Preset)}").Prepend(entry.Name)))));
    }

    [Theory]
    [InlineData("ctgan batch=100 epochs=1000", "ctgan epochs=1000 batch=100")]
    [InlineData("CTGAN  epochs=1e3", "ctgan epochs=1000")]
    [InlineData("ctgan learning-rate=0.0002", "ctgan")]
    [InlineData("diffusion learning-rate=1e-4", "diffusion learning-rate=0.0001")]
    [InlineData("scm no-trees=true alpha=0.05", "scm alpha=0.05 no-trees=true")]
    [InlineData("scm no-trees=false", "scm")]
    public void A_choice_has_one_text(string written, string text)
    {
        Assert.Equal(text, GeneratorChoice.Parse(written).ToString());
        Assert.Equal(text, GeneratorChoice.Parse(text).ToString());
        Assert.Equal(text.Split(' ')[0], GeneratorChoice.NameOf(text));
    }

    [Theory]
    [InlineData("ctgan epoch=3", "The generator 'ctgan' has no option 'epoch'; it has epochs, batch, learning-rate, critic-steps.")]
    [InlineData("copula k=3", "The generator 'copula' has no option 'k'; it has none.")]
    [InlineData("smote k=0", "The option 'k' of the generator 'smote' is 0, but a whole number from 1 to 1000000 was expected.")]
    [InlineData("smote k=2.5", "The option 'k' of the generator 'smote' is 2.5, but a whole number from 1 to 1000000 was expected.")]
    [InlineData("smote k=NaN", "The option 'k' of the generator 'smote' is NaN, but a whole number from 1 to 1000000 was expected.")]
    [InlineData("diffusion learning-rate=2", "The option 'learning-rate' of the generator 'diffusion' is 2, but a number from 1E-09 to 1 was expected.")]
    [InlineData("scm no-trees=yes", "The option 'no-trees' of the generator 'scm' is yes, but true or false was expected.")]
    [InlineData("smote k=1 k=2", "The option 'k' of the generator 'smote' is given twice; leave one out.")]
    [InlineData("smote k", "'k' is no option of a generator; write NAME=VALUE, such as \"diffusion steps=500\".")]
    public void A_mistake_is_told_in_one_sentence(string written, string told) =>
        Assert.Equal(told, Assert.Throws<InputException>(() => GeneratorChoice.Parse(written)).Message);

    static double[] Cells(string choice, ComputeDevice device)
    {
        var rows = GeneratorCatalog.Named(choice, device).Fit(Curved(), 1, null, TestContext.Current.CancellationToken)
            .Sample([40, 20], 2, null, TestContext.Current.CancellationToken);
        return [.. rows.Columns.SelectMany(column => column.Values.ToArray())];
    }

    // A wave that only trees follow, what follows from it, and names that go with it.
    static ClassificationTask Curved()
    {
        var random = new Random(4);
        double[] x = [.. Enumerable.Range(0, 400).Select(_ => Math.Round(10 * random.NextDouble(), 2))];
        double[] wave = Array.ConvertAll(x, value => Math.Round(5 * Math.Sin(3 * value) + 0.3 * random.NextDouble(), 2));
        double[] after = Array.ConvertAll(wave, value => Math.Round(value + 2 * random.NextDouble(), 2));
        double[] colour = Array.ConvertAll(x, value => random.NextDouble() < 0.2 ? 2 : value > 5 ? 1.0 : 0);
        double[] label = Array.ConvertAll(after, value => value + 2 * random.NextDouble() > 3 ? 1.0 : 0);
        var table = new Table(
        [
            new("x", ColumnKind.Numeric, x), new("wave", ColumnKind.Numeric, wave), new("after", ColumnKind.Numeric, after),
            new("colour", ColumnKind.Categorical, colour, ["blue", "green", "red"]), new("y", ColumnKind.Categorical, label, ["no", "yes"]),
        ]);
        return ClassificationTask.From(new(table, []), "y");
    }
}
