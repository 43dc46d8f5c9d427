using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Models;

/// <summary>The pre-trained model that comes with the program.</summary>
public static class ShippedModel
{
    const string Resource = "causalmixft-base.safetensors";

    /// <summary>Whether this build carries it.</summary>
    public static bool Exists => typeof(ShippedModel).Assembly.GetManifestResourceInfo(Resource) is not null;

    /// <summary>Reads it.</summary>
    /// <exception cref="InputException">This build carries none.</exception>
    public static TabularModel Load()
    {
        using var stream = typeof(ShippedModel).Assembly.GetManifestResourceStream(Resource) ?? throw new InputException(
            "This build of the program carries no pre-trained model; name one with --model, such as a model.safetensors that 'pretrain' wrote.");
        return ModelFile.Read(Resource, stream);
    }
}
