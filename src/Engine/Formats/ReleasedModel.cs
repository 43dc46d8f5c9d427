namespace CausalMixFT.Engine.Formats;

/// <summary>A model's file that somebody released, known by its SHA-256.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Licence">The licence of the weights.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <remarks>
/// Sources: for TabPFN v2, the checksums that several projects pin for Prior-Labs/TabPFN-v2-clf at revision f851f2a and
/// Prior-Labs/TabPFN-v2-reg at 4972a65, all the same (Prior Labs publishes none in its code, and none was found for 2.5 and
/// 2.6); for the others, the files at github.com/kek0o/TinyPFN 0489ba9 and github.com/MiquelNasarre/My-Small-PFN 26320d8.
/// </remarks>
public sealed record ReleasedModel(string Name, string Licence, string Sha256)
{
    const string PriorLabs = "Prior Labs License";

    static readonly ReleasedModel[] All =
    [
        new("tabpfn-v2-classifier-finetuned-zk73skhh.ckpt", PriorLabs, "cf8c519c01eaf1613ee91239006d57b1c806ff5f23ac1aeb1315ba1015210e49"),
        new("tabpfn-v2-regressor.ckpt", PriorLabs, "2ab5a07d5c41dfe6db9aa7ae106fc6de898326c2765be66505a07e2868c10736"),
        new("tinypfn_prior_trained_multiclass_ticl_v4.pt", "Apache-2.0", "e7fea17749c597f8d6f70ba1d0b4f251c01aee216deb623210dae0696c04e0c8"),
        new("tinypfn_prior_trained.pt", "Apache-2.0", "8c157de840782d837ac4173e6362ebf61305e71a278d969f4b4de019fa73ee5a"),
        new("my_PFN_weights.pth v1.0", "MIT", "d888d1ae23d256ecb32c2a3a2bc833864be8fef483748911ff9d9bf75adac19b"),
    ];

    /// <summary>The released file with that SHA-256, or null.</summary>
    public static ReleasedModel? Find(string sha256) => Array.Find(All, model => model.Sha256 == sha256);
}
