using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>A generator of rows that can be asked for by name.</summary>
public sealed class GeneratorEntry
{
    GeneratorEntry(
        string name, string summary, IReadOnlyList<GeneratorOption> options, Func<ComputeDevice, IReadOnlyList<double>, IRowGenerator> make) =>
        (Name, Summary, Options, Make) = (name, summary, options, make);

    /// <summary>Its name on the command line, in study files and in reports.</summary>
    public string Name { get; }

    /// <summary>What it is, in a few words.</summary>
    public string Summary { get; }

    /// <summary>What can be chosen about it.</summary>
    public IReadOnlyList<GeneratorOption> Options { get; }

    /// <summary>Makes one for a device, with a value for each option.</summary>
    internal Func<ComputeDevice, IReadOnlyList<double>, IRowGenerator> Make { get; }

    /// <summary>A generator about which nothing can be chosen by name.</summary>
    internal static GeneratorEntry Of(string name, string summary, Func<ComputeDevice, IRowGenerator> on) =>
        new(name, summary, [], (device, _) => on(device));

    /// <summary>A generator with options.</summary>
    internal static GeneratorEntry Of<T>(
        string name, string summary, T defaults, Func<ComputeDevice, T, IRowGenerator> on, params GeneratorOption<T>[] options) =>
        new(name, summary, options, (device, values) => on(device, options.Zip(values)
            .Where(pair => pair.Second != pair.First.Preset).Aggregate(defaults, (all, pair) => pair.First.Set(all, pair.Second))));
}
