using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Formats;

/// <summary>How one program names the weights of its model and tells its sizes.</summary>
abstract class ModelLayout
{
    /// <summary>Every layout that can be read.</summary>
    public static IReadOnlyList<ModelLayout> All { get; } =
    [
        new OwnLayout(), new TabPfnLayout(), new TabPfnCheckpointLayout(), new MySmallPfnLayout(), new TinyPfnLayout(), new NanoTabPfnLayout(),
    ];

    /// <summary>What people call it.</summary>
    public abstract string Name { get; }

    /// <summary>The layout of a file.</summary>
    /// <exception cref="InputException">It has none of those that are known.</exception>
    public static ModelLayout Of(Checkpoint file) => All.FirstOrDefault(layout => layout.Recognises(file)) ?? throw new InputException(
        $"{file.Path}: its {file.Tensors.Count} tensors are of no layout that is known ({string.Join(", ", All.Select(layout => layout.Name))}); " +
        "give a file of one of those, such as a model.safetensors that finetune or pretrain wrote.");

    /// <summary>Whether a file has this layout, by its metadata or by the names of its first weights.</summary>
    public abstract bool Recognises(Checkpoint file);

    /// <summary>The model in a file of this layout.</summary>
    /// <param name="file">The file.</param>
    /// <param name="heads">The attention heads where they are known from elsewhere; else the file must tell them.</param>
    public abstract TabularModel Read(Checkpoint file, int? heads);
}
