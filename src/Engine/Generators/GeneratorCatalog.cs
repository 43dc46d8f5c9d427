using System.Globalization;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>Every generator of rows by its name, and the names of its options.</summary>
public static class GeneratorCatalog
{
    // Graphs of the ensemble that has a name of its own.
    const int EnsembleGraphs = 8;

    // More than any machine would want; below that a generator's own memory and time are the bounds.
    const int Most = 1_000_000;

    static readonly SmoothedBootstrapOptions SmoothedBootstrap = new();
    static readonly NoiseSwapOptions NoiseSwap = new();
    static readonly MixupOptions Mixup = new();
    static readonly SmoteOptions Smote = new();
    static readonly ForestOptions Forest = new();
    static readonly DiffusionOptions Diffusion = new();
    static readonly TvaeOptions Tvae = new();
    static readonly CtganOptions Ctgan = new();
    static readonly EnergyOptions Energy = new();
    static readonly ScmGeneratorOptions Scm = new();
    static readonly ScmGeneratorOptions Ensemble = new() { Graphs = EnsembleGraphs };

    static readonly GeneratorOption<SmoteOptions>[] Neighbours =
    [
        Whole<SmoteOptions>("k", Smote.Neighbours, 1, Most, (all, k) => all with { Neighbours = k }),
        Flag<SmoteOptions>("standardise", (all, standardise) => all with { Standardise = standardise }),
    ];

    static readonly GeneratorOption<ScmGeneratorOptions>[] Model =
    [
        Real<ScmGeneratorOptions>(
            "alpha", Scm.Discovery.Alpha, 1e-9, 1 - 1e-9, (all, alpha) => all with { Discovery = all.Discovery with { Alpha = alpha } }),
        Whole<ScmGeneratorOptions>(
            "max-depth", Scm.Discovery.MaxDepth!.Value, 0, 1000, (all, depth) => all with { Discovery = all.Discovery with { MaxDepth = depth } }),
        Flag<ScmGeneratorOptions>("no-trees", (all, none) => none ? all with { Scm = all.Scm with { Boosting = null } } : all),
        Flag<ScmGeneratorOptions>("free-target", (all, free) => all with { TargetIsSink = !free }),
        Real<ScmGeneratorOptions>("ridge", Scm.Scm.Ridge, 1e-6, 1e6, (all, ridge) => all with { Scm = all.Scm with { Ridge = ridge } }),
    ];

    /// <summary>All generators, plain ones first.</summary>
    public static IReadOnlyList<GeneratorEntry> All { get; } =
    [
        GeneratorEntry.Of("bootstrap", "random over-sampling: rows of the class, with replacement", device => new BootstrapGenerator(device)),
        GeneratorEntry.Of("under-sampling", "rows of the class, none twice before all were there once", device => new UnderSamplingGenerator(device)),
        GeneratorEntry.Of(
            "smoothed-bootstrap", "rows of the class with normal noise of .141 deviations", SmoothedBootstrap,
            (device, options) => new SmoothedBootstrapGenerator(device, options),
            Real<SmoothedBootstrapOptions>("bandwidth", SmoothedBootstrap.Bandwidth, 0, 10, (all, width) => all with { Bandwidth = width })),
        GeneratorEntry.Of(
            "noise-swap", "rows with noise of .1 deviations, and a tenth of the names swapped", NoiseSwap,
            (device, options) => new NoiseSwapGenerator(device, options),
            Real<NoiseSwapOptions>("bandwidth", NoiseSwap.Bandwidth, 0, 10, (all, width) => all with { Bandwidth = width }),
            Real<NoiseSwapOptions>("swap", NoiseSwap.SwapProbability, 0, 1, (all, swap) => all with { SwapProbability = swap })),
        GeneratorEntry.Of(
            "mixup", "between two rows of the class, by Beta(.2, .2)", Mixup, (device, options) => new MixupGenerator(device, options),
            Real<MixupOptions>("alpha", Mixup.Alpha, 1e-3, 1e3, (all, alpha) => all with { Alpha = alpha })),
        GeneratorEntry.Of(
            "smote", "towards one of five neighbours; SMOTE-NC where there are names", Smote,
            (device, options) => new SmoteGenerator(device, options), Neighbours),
        GeneratorEntry.Of("smote-nc", "the same", Smote, (device, options) => new SmoteGenerator(device, options), Neighbours),
        GeneratorEntry.Of(
            "borderline-smote", "SMOTE from rows near other classes", Smote, (device, options) => new BorderlineSmoteGenerator(device, options),
            [.. Neighbours, Whole<SmoteOptions>("m", Smote.BorderNeighbours, 1, Most, (all, m) => all with { BorderNeighbours = m })]),
        GeneratorEntry.Of(
            "adasyn", "SMOTE, more of it from rows among other classes", Smote,
            (device, options) => new AdasynGenerator(device, options), Neighbours),
        GeneratorEntry.Of("copula", "a Gaussian copula of each class, ties and spikes kept", device => new GaussianCopulaGenerator(device)),
        GeneratorEntry.Of(
            "forest", "adversarial random forests, spikes kept", Forest, (_, options) => new ForestGenerator(options),
            Whole<ForestOptions>("trees", Forest.Trees, 1, 10_000, (all, trees) => all with { Trees = trees }),
            Whole<ForestOptions>("min-rows-per-leaf", Forest.MinRowsPerLeaf, 1, Most, (all, rows) => all with { MinRowsPerLeaf = rows }),
            Whole<ForestOptions>("rounds", Forest.MaxRounds, 1, 1000, (all, rounds) => all with { MaxRounds = rounds })),
        GeneratorEntry.Of(
            "diffusion", "denoising diffusion of numbers and names, after TabDDPM", Diffusion,
            (device, options) => new DiffusionGenerator(device, options),
            Whole<DiffusionOptions>("steps", Diffusion.Steps, 1, Most, (all, steps) => all with { Steps = steps }),
            Whole<DiffusionOptions>("batch", Diffusion.BatchSize, 1, Most, (all, rows) => all with { BatchSize = rows }),
            Real<DiffusionOptions>("learning-rate", Diffusion.LearningRate, 1e-9, 1, (all, rate) => all with { LearningRate = rate }),
            Whole<DiffusionOptions>("noise-steps", Diffusion.NoiseSteps, 2, 10_000, (all, steps) => all with { NoiseSteps = steps })),
        GeneratorEntry.Of(
            "tvae", "a variational autoencoder, given the class", Tvae, (device, options) => new TvaeGenerator(device, options),
            Whole<TvaeOptions>("epochs", Tvae.Epochs, 1, Tvae.MostSteps, (all, epochs) => all with { Epochs = epochs }),
            Whole<TvaeOptions>("batch", Tvae.BatchRows, 1, Most, (all, rows) => all with { BatchRows = rows }),
            Real<TvaeOptions>("learning-rate", Shown(Tvae.LearningRate), 1e-9, 1, (all, rate) => all with { LearningRate = (float)rate })),
        GeneratorEntry.Of(
            "ctgan", "a generator against a critic, given the class", Ctgan, (device, options) => new CtganGenerator(device, options),
            Whole<CtganOptions>("epochs", Ctgan.Epochs, 1, Ctgan.MostSteps, (all, epochs) => all with { Epochs = epochs }),
            Whole<CtganOptions>("batch", Ctgan.BatchRows, 1, Most, (all, rows) => all with { BatchRows = rows }),
            Real<CtganOptions>("learning-rate", Shown(Ctgan.LearningRate), 1e-9, 1, (all, rate) => all with { LearningRate = (float)rate }),
            Whole<CtganOptions>("critic-steps", Ctgan.CriticSteps, 1, 100, (all, steps) => all with { CriticSteps = steps })),
        GeneratorEntry.Of(
            "energy", "descent on the energies of the shipped model, after TabEBM", Energy,
            (device, options) => new EnergyGenerator(ShippedModel.Load(), device, options),
            Whole<EnergyOptions>("steps", Energy.Steps, 1, Most, (all, steps) => all with { Steps = steps }),
            Real<EnergyOptions>("step-size", Energy.StepSize, 0, 100, (all, size) => all with { StepSize = size }),
            Real<EnergyOptions>("noise", Energy.Noise, 0, 10, (all, noise) => all with { Noise = noise }),
            Whole<EnergyOptions>("max-context", Energy.MaxContext, 4, Most, (all, rows) => all with { MaxContext = rows })),
        GeneratorEntry.Of(
            "scm", "a structural causal model of one discovered graph", Scm, (device, options) => new ScmGenerator(device, options), Model),
        GeneratorEntry.Of(
            "scm-ensemble", "structural causal models of eight graphs", Ensemble, (device, options) => new ScmGenerator(device, options),
            [
                .. Model,
                Whole<ScmGeneratorOptions>("graphs", Ensemble.Graphs, 2, 1000, (all, graphs) => all with { Graphs = graphs }),
                Whole<ScmGeneratorOptions>("bootstraps", Ensemble.Bootstraps, 1, 100_000, (all, draws) => all with { Bootstraps = draws }),
            ]),
    ];

    /// <summary>Names that are asked for and cannot be given, and why.</summary>
    public static IReadOnlyDictionary<string, string> Unavailable { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["TableAugment"] = "it is not publicly defined; noise-swap is a plain perturbation of rows",
    };

    /// <summary>The names of all generators.</summary>
    public static IEnumerable<string> Names => All.Select(entry => entry.Name);

    /// <summary>The generator of a name, with the options that stand after it (<see cref="GeneratorChoice.Parse"/>) and else its defaults.</summary>
    /// <exception cref="InputException">There is no such generator, or no such option of it.</exception>
    public static IRowGenerator Named(string choice, ComputeDevice device) => GeneratorChoice.Parse(choice).On(device);

    /// <summary>The entry of a name.</summary>
    /// <exception cref="InputException">There is no such generator.</exception>
    internal static GeneratorEntry Entry(string name) =>
        All.FirstOrDefault(entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException(Unavailable.TryGetValue(name, out string? why)
            ? $"The generator '{name}' is unavailable: {why}."
            : $"There is no generator '{name}'; there are {string.Join(", ", Names)}.");

    static GeneratorOption<T> Whole<T>(string name, int preset, int least, int most, Func<T, int, T> set) =>
        new(name, OptionKind.Whole, preset, least, most, (all, value) => set(all, (int)value));

    static GeneratorOption<T> Real<T>(string name, double preset, double least, double most, Func<T, double, T> set) =>
        new(name, OptionKind.Real, preset, least, most, set);

    static GeneratorOption<T> Flag<T>(string name, Func<T, bool, T> set) =>
        new(name, OptionKind.Flag, 0, 0, 1, (all, value) => set(all, value != 0));

    // The number that a person would write for a preset in single precision: 0.001, not 0.0010000000474974513.
    static double Shown(float preset) => double.Parse(preset.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
