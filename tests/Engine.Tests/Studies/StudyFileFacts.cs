using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Studies;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Studies;

/// <summary>Studies as people write them down.</summary>
public sealed class StudyFileFacts : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("causalmixft-study-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void An_empty_file_is_the_default_study_of_its_own_folder()
    {
        var study = Read("");
        Assert.Equal("study", study.Name);
        Assert.Equal(_folder.FullName, study.Tables);
        Assert.Equal(5, study.Splits);
        Assert.Equal([100, 300, 1000], study.Rows);
        Assert.Equal([null, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02], study.Shares);
        Assert.Equal(StudyArm.References, study.Arms);
        Assert.Null(study.Model);
        Assert.Null(study.FineTuning.LearningRate);
        Assert.Equal(new FineTuneOptions().RatesToTry, study.FineTuning.RatesToTry);
    }

    [Fact]
    public void Keys_are_read()
    {
        var study = Read("""
            name = "skew"
            seed = 7
            tables = "../tables"
            include = ["iris"]
            model = "weights.safetensors"
            splits = 3
            test-share = 0.3
            max-test-rows = 500
            quality = false
            references = ["real", "un-tuned"]

            [skew]
            rows = [50]
            shares = ["natural", 0.1]
            validation-per-row = 0.5

            [fine-tuning]
            steps = 20
            learning-rate = 3e-5
            context = 80

            [prediction]
            members = 2
            max-context = 300
            context-draw = "stratified"

            [[synthetic]]
            generators = ["scm", "smote"]
            per-real = [1, 2]

            [[synthetic]]
            generators = ["scm"]
            per-real = [1]
            use = ["mixed", "staged"]
            labels = ["hard", "soft"]
            validation = ["real", "both"]
            """);
        Assert.Equal(("skew", 7UL, 3, 0.3, 500, false), (study.Name, study.Seed, study.Splits, study.TestShare, study.MaxTestRows, study.Quality));
        Assert.Equal(Path.GetFullPath(Path.Combine(_folder.FullName, "../tables")), study.Tables);
        Assert.Equal(Path.Combine(_folder.FullName, "weights.safetensors"), study.Model);
        Assert.Equal([50], study.Rows);
        Assert.Equal([null, 0.1], study.Shares);
        Assert.Equal(0.5, study.ValidationPerRow);
        Assert.Equal((20, 80), (study.FineTuning.Steps, study.FineTuning.ContextRows));
        Assert.Equal(3e-5f, study.FineTuning.LearningRate);
        Assert.Equal((2, 300, ContextDraw.Stratified), (study.Prediction.Members, study.Prediction.MaxContext, study.Prediction.ContextDraw));

        // Four of the first block; the second has eight, one of which is there already.
        Assert.Equal(
            ["real", "un-tuned", "scm K=1 mixed hard", "scm K=2 mixed hard", "smote K=1 mixed hard", "smote K=2 mixed hard",
                "scm K=1 mixed hard +validation", "scm K=1 mixed soft", "scm K=1 mixed soft +validation", "scm K=1 staged hard",
                "scm K=1 staged hard +validation", "scm K=1 staged soft", "scm K=1 staged soft +validation"],
            study.Arms.Select(arm => arm.Name));
    }

    [Fact]
    public void Options_of_generators_are_part_of_an_arm_s_name_unless_they_are_as_they_would_be()
    {
        var study = Read("""
            references = []

            [[synthetic]]
            generators = ["ctgan", "tvae"]
            per-real = [1]
            options = { batch = 100, epochs = 1_000 }

            [[synthetic]]
            generators = ["ctgan"]
            per-real = [1, 2]
            [synthetic.options]
            epochs = 300
            learning-rate = 2e-4

            [[synthetic]]
            generators = ["scm"]
            per-real = [1]
            use = ["staged"]
            options = { no-trees = true, alpha = 0.05 }
            """);
        Assert.Equal(
            ["ctgan epochs=1000 batch=100 K=1 mixed hard", "tvae epochs=1000 batch=100 K=1 mixed hard", "ctgan K=1 mixed hard", "ctgan K=2 mixed hard",
                "scm alpha=0.05 no-trees=true K=1 staged hard"],
            study.Arms.Select(arm => arm.Name));
    }

    [Theory]
    [InlineData("seed = \"x\"", "study.toml, line 1: 'seed' is 'x', but a whole number")]
    [InlineData("splits = 0", "'splits' is 0, but a whole number from 1 to 1000")]
    [InlineData("stepz = 3", "there is no key 'stepz'")]
    [InlineData("[skew]\nshare = [0.1]", "there is no key 'skew.share'", "rows, shares, validation-per-row")]
    [InlineData("[skew]\nshares = [\"all\"]", "'skew.shares' is 'all'")]
    [InlineData("[skew]\nshares = [1.5]", "'skew.shares' is 1.5")]
    [InlineData("[skew]\nrows = []", "'skew.rows' is empty")]
    [InlineData("skew = 3", "'skew' is 3, but a table [skew]")]
    [InlineData("references = [\"untuned\"]", "'references' is 'untuned'", "un-tuned, prior-corrected")]
    [InlineData("[prediction]\ncontext-draw = \"even\"", "'prediction.context-draw' is 'even', but one of rare, stratified")]
    [InlineData("references = []", "an arm at the least")]
    [InlineData("[[synthetic]]\nper-real = [1]", "'synthetic.generators' is missing")]
    [InlineData("[[synthetic]]\ngenerators = [\"scm\"]\nuse = [\"mix\"]", "'synthetic.use' is 'mix'", "mixed, staged, only")]
    [InlineData("[[synthetic]]\ngenerators = [\"scm\"]\nratio = [1]", "there is no key 'synthetic.ratio'")]
    [InlineData("seed = = 1", "a study in TOML")]
    [InlineData("[[synthetic]]\ngenerators = [\"scn\"]", "study.toml, line 2: There is no generator 'scn'; there are ")]
    [InlineData("[[synthetic]]\ngenerators = [\"ctgan\"]\noptions = { epoch = 3 }", "study.toml, line 3: ", "'ctgan' has no option 'epoch'; it has epochs, batch")]
    [InlineData("[[synthetic]]\ngenerators = [\"ctgan\", \"smote\"]\n[synthetic.options]\nbatch = 10\nepochs = 3", "study.toml, line 4: ", "'smote' has no option 'batch'; it has k, standardise.")]
    [InlineData("[[synthetic]]\ngenerators = [\"ctgan\"]\n\n[synthetic.options]\nepochs = 0", "study.toml, line 5: ", "is 0, but a whole number from 1 to 20000")]
    [InlineData("[[synthetic]]\ngenerators = [\"ctgan\"]\noptions = { epochs = \"3\" }", "study.toml, line 3: ", "is '3', but a whole number")]
    [InlineData("[[synthetic]]\ngenerators = [\"scm\"]\noptions = { no-trees = 1 }", "study.toml, line 3: ", "is 1, but true or false")]
    [InlineData("[[synthetic]]\ngenerators = [\"scm\"]\noptions = [\"alpha\"]", "line 3: 'synthetic.options' is a list, but a table [synthetic.options]")]
    public void A_mistake_is_told_in_one_sentence(string text, params string[] expected)
    {
        var fault = Assert.Throws<InputException>(() => Read(text));
        Assert.Matches(@"study\.toml(, line \d+)?: ", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.All(expected, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_not_there_is_refused() =>
        Assert.Contains("cannot be read", Assert.Throws<InputException>(() => StudyFile.Read("nothing.toml")).Message, StringComparison.Ordinal);

    Study Read(string text)
    {
        string path = Path.Combine(_folder.FullName, "study.toml");
        File.WriteAllText(path, text);
        return StudyFile.Read(path);
    }
}
