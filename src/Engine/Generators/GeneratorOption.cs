using System.Globalization;

namespace CausalMixFT.Engine.Generators;

/// <summary>What an option's values are.</summary>
public enum OptionKind
{
    /// <summary>Whole numbers.</summary>
    Whole,

    /// <summary>Numbers.</summary>
    Real,

    /// <summary>Yes and no, written true and false.</summary>
    Flag,
}

/// <summary>Something about a generator that can be chosen by name.</summary>
/// <param name="Name">Its name, such as "epochs".</param>
/// <param name="Kind">What its values are; a flag's are 0 and 1.</param>
/// <param name="Preset">The value where none is chosen.</param>
/// <param name="Least">The least value.</param>
/// <param name="Most">The largest value.</param>
public abstract record GeneratorOption(string Name, OptionKind Kind, double Preset, double Least, double Most)
{
    /// <summary>What can be chosen, in words.</summary>
    public string Expected => Kind switch
    {
        OptionKind.Flag => "true or false",
        OptionKind.Whole => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Least} to {Most}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"a number from {Least} to {Most}"),
    };

    /// <summary>A value as it is written: one text for each value.</summary>
    public string Text(double value) => Kind switch
    {
        OptionKind.Flag => value != 0 ? "true" : "false",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>Reads a value; false where it is none that can be chosen.</summary>
    public bool TryRead(string text, out double value)
    {
        if (Kind == OptionKind.Flag)
        {
            value = text == "true" ? 1 : 0;
            return text is "true" or "false";
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && value >= Least && value <= Most && (Kind == OptionKind.Real || value == Math.Floor(value));
    }
}

/// <summary>An option, and where it goes.</summary>
/// <typeparam name="T">The generator's options.</typeparam>
sealed record GeneratorOption<T>(string Name, OptionKind Kind, double Preset, double Least, double Most, Func<T, double, T> Set)
    : GeneratorOption(Name, Kind, Preset, Least, Most);
