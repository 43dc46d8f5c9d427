namespace CausalMixFT.Engine.Tests.Formats;

/// <summary>Files of the repository, found from wherever the tests run inside it.</summary>
static class RepositoryFiles
{
    static readonly string RootFolder = Root();

    public static string At(params string[] parts) => Path.Combine([RootFolder, .. parts]);

    static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "CausalMixFT.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"No CausalMixFT.sln above {AppContext.BaseDirectory}.");
    }
}
