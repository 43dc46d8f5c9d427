using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>A generator of rows that can be asked for by name.</summary>
/// <param name="Name">Its name on the command line and in reports.</param>
/// <param name="Summary">What it is, in a few words.</param>
/// <param name="On">Makes one, with its defaults, for a device.</param>
public sealed record GeneratorEntry(string Name, string Summary, Func<ComputeDevice, IRowGenerator> On);

/// <summary>Every generator of rows by its name.</summary>
public static class GeneratorCatalog
{
    // Graphs of the ensemble that has a name of its own.
    const int EnsembleGraphs = 8;

    /// <summary>All generators, plain ones first.</summary>
    public static IReadOnlyList<GeneratorEntry> All { get; } =
    [
        new("bootstrap", "random over-sampling: rows of the class, with replacement", device => new BootstrapGenerator(device)),
        new("under-sampling", "rows of the class, none twice before all were there once", device => new UnderSamplingGenerator(device)),
        new("smoothed-bootstrap", "rows of the class with normal noise of .141 deviations", device => new SmoothedBootstrapGenerator(device)),
        new("noise-swap", "rows with noise of .1 deviations, and a tenth of the names swapped", device => new NoiseSwapGenerator(device)),
        new("mixup", "between two rows of the class, by Beta(.2, .2)", device => new MixupGenerator(device)),
        new("smote", "towards one of five neighbours; SMOTE-NC where there are names", device => new SmoteGenerator(device)),
        new("smote-nc", "the same", device => new SmoteGenerator(device)),
        new("borderline-smote", "SMOTE from rows near other classes", device => new BorderlineSmoteGenerator(device)),
        new("adasyn", "SMOTE, more of it from rows among other classes", device => new AdasynGenerator(device)),
        new("copula", "a Gaussian copula of each class, ties and spikes kept", device => new GaussianCopulaGenerator(device)),
        new("forest", "adversarial random forests, spikes kept", _ => new ForestGenerator()),
        new("diffusion", "denoising diffusion of numbers and names, after TabDDPM", device => new DiffusionGenerator(device)),
        new("tvae", "a variational autoencoder, given the class", device => new TvaeGenerator(device)),
        new("ctgan", "a generator against a critic, given the class", device => new CtganGenerator(device)),
        new("energy", "descent on the energies of the shipped model, after TabEBM", device => new EnergyGenerator(ShippedModel.Load(), device)),
        new("scm", "a structural causal model of one discovered graph", device => new ScmGenerator(device)),
        new("scm-ensemble", "structural causal models of eight graphs", device => new ScmGenerator(device, new() { Graphs = EnsembleGraphs })),
    ];

    /// <summary>Names that are asked for and cannot be given, and why.</summary>
    public static IReadOnlyDictionary<string, string> Unavailable { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["TableAugment"] = "it is not publicly defined; noise-swap is a plain perturbation of rows",
    };

    /// <summary>The names of all generators.</summary>
    public static IEnumerable<string> Names => All.Select(entry => entry.Name);

    /// <summary>The generator of a name, with its defaults.</summary>
    /// <exception cref="InputException">There is no such generator.</exception>
    public static IRowGenerator Named(string name, ComputeDevice device)
    {
        if (All.FirstOrDefault(entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase)) is { } found)
        {
            return found.On(device);
        }

        throw new InputException(Unavailable.TryGetValue(name, out string? why)
            ? $"The generator '{name}' is unavailable: {why}."
            : $"There is no generator '{name}'; there are {string.Join(", ", Names)}.");
    }
}
