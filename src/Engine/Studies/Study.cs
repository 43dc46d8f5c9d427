using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Models;

namespace CausalMixFT.Engine.Studies;

/// <summary>A study: which rows of which tables are drawn, and what is done with them; docs/study.md is its protocol.</summary>
public sealed record Study
{
    /// <summary>What the study is called.</summary>
    public required string Name { get; init; }

    /// <summary>With a draw's place in the study, it decides everything that is drawn.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The folder of the tables.</summary>
    public required string Tables { get; init; }

    /// <summary>Names of the tables to use; empty for all of the folder.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>The model's file; null for the one that comes with the program.</summary>
    public string? Model { get; init; }

    /// <summary>Splits of each table into test rows and the pool that training and validation rows are drawn from.</summary>
    public int Splits { get; init; } = 5;

    /// <summary>Share of a table's rows that are test rows.</summary>
    public double TestShare { get; init; } = 0.2;

    /// <summary>Most test rows; of more, a stratified draw is used.</summary>
    public int MaxTestRows { get; init; } = 2000;

    /// <summary>Numbers of training rows.</summary>
    public IReadOnlyList<int> Rows { get; init; } = [100, 300, 1000];

    /// <summary>Shares of the rarest class among training and validation rows; null for the table's own shares.</summary>
    public IReadOnlyList<double?> Shares { get; init; } = [null, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02];

    /// <summary>Validation rows for each training row.</summary>
    public double ValidationPerRow { get; init; } = 0.25;

    /// <summary>What is done with each draw, in this order.</summary>
    public IReadOnlyList<StudyArm> Arms { get; init; } = StudyArm.References;

    /// <summary>How the model is fine-tuned; its seed is not read.</summary>
    public FineTuneOptions FineTuning { get; init; } = new();

    /// <summary>How the model predicts; its seed is not read.</summary>
    public PredictionOptions Prediction { get; init; } = new();

    /// <summary>Whether synthetic rows are judged.</summary>
    public bool Quality { get; init; } = true;

    /// <summary>What every result depends on besides its unit, by name: a store keeps results of one such list only.</summary>
    /// <remarks>Lists of arms, tables, rows and shares, and the number of splits, are not among it: a study may grow.</remarks>
    public IReadOnlyList<(string Name, string Value)> Settings(TabularModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return
        [
            ("seed", Text(Seed)),
            ("test-share", Text(TestShare)),
            ("max-test-rows", Text(MaxTestRows)),
            ("skew.validation-per-row", Text(ValidationPerRow)),
            ("quality", Text(Quality)),
            ("generators", Text(GeneratorDefaults)),
            ("model", Fingerprint(model)),
            ("fine-tuning", Text(FineTuning with { Seed = 0 })),
            ("prediction", Text(Prediction with { Seed = 0 })),
        ];
    }

    // Raised when a generator's defaults change, so that no store holds rows of both. 2: smote measures numbers in their own units,
    // and the class causes no column in scm.
    const int GeneratorDefaults = 2;

    static string Text<T>(T value) => JsonSerializer.Serialize(value);

    // Of the weights' bits, by name: where the file lies and what it is called is of no account.
    static string Fingerprint(TabularModel model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Text(model.Config)));
        foreach (var (name, weights) in model.Weights.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name));
            hash.AppendData(MemoryMarshal.AsBytes<float>(weights));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
