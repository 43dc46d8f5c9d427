using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Engine.Generators;

/// <summary>A generator, and what of its options was chosen: "ctgan", "ctgan epochs=1000 batch=100".</summary>
/// <remarks>
/// Its text is its identity in stores and reports: options stand in the catalog's order, and one that is chosen as it is anyway is left out.
/// </remarks>
public sealed class GeneratorChoice
{
    readonly double[] _values;

    GeneratorChoice(GeneratorEntry entry, double[] values) => (Entry, _values) = (entry, values);

    /// <summary>The generator.</summary>
    public GeneratorEntry Entry { get; }

    /// <summary>A generator with options.</summary>
    /// <param name="name">The generator's name.</param>
    /// <param name="options">Names and values of options, as they are written.</param>
    /// <exception cref="InputException">There is no such generator, it has no such option, the value is none of its, or one is named twice.</exception>
    public static GeneratorChoice Of(string name, IEnumerable<(string Name, string Value)> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var entry = GeneratorCatalog.Entry(name);
        double[] values = [.. entry.Options.Select(option => option.Preset)];
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (word, text) in options)
        {
            int place = entry.Options.TakeWhile(option => option.Name != word).Count();
            if (place == values.Length)
            {
                throw new InputException($"The generator '{entry.Name}' has no option '{word}'; {Known(entry)}.");
            }

            if (!named.Add(word))
            {
                throw new InputException($"The option '{word}' of the generator '{entry.Name}' is given twice; leave one out.");
            }

            if (!entry.Options[place].TryRead(text, out values[place]))
            {
                throw new InputException($"The option '{word}' of the generator '{entry.Name}' is {text}, but {entry.Options[place].Expected} was expected.");
            }
        }

        return new(entry, values);
    }

    /// <summary>Reads a generator's name with options after it, such as "ctgan epochs=1000 batch=100".</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static GeneratorChoice Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Of(words.FirstOrDefault() ?? "", words.Skip(1).Select(word => word.Split('=') is [var name, var value] ? (name, value)
            : throw new InputException($"'{word}' is no option of a generator; write NAME=VALUE, such as \"diffusion steps=500\".")));
    }

    /// <summary>The generator's name, without options, of the text of a choice.</summary>
    public static string NameOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split(' ')[0];
    }

    /// <summary>Makes the generator for a device.</summary>
    public IRowGenerator On(ComputeDevice device) => Entry.Make(device, _values);

    /// <summary>The choice as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => string.Join(' ', Entry.Options.Zip(_values)
        .Where(pair => pair.Second != pair.First.Preset).Select(pair => $"{pair.First.Name}={pair.First.Text(pair.Second)}").Prepend(Entry.Name));

    static string Known(GeneratorEntry entry) => entry.Options.Count == 0 ? "it has none"
        : $"it has {string.Join(", ", entry.Options.Select(option => option.Name))}";
}
