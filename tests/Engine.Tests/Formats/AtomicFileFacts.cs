using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public sealed class AtomicFileFacts : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_are_made_and_old_files_replaced()
    {
        string path = Path.Combine(_folder["new"], "deeper", "f.txt");
        AtomicFile.WriteText(path, "one");
        AtomicFile.WriteText(path, "two");
        Assert.Equal("two", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_nothing_else()
    {
        string path = _folder.Write("f.txt", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException("half-way");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_an_input_error()
    {
        string file = _folder.Write("f.txt", "in the way");
        var fault = Assert.Throws<InputException>(() => AtomicFile.WriteText(Path.Combine(file, "g.txt"), ""));
        Assert.Contains("g.txt: the file cannot be written", fault.Message, StringComparison.Ordinal);
        Assert.Contains("choose another place with --out", fault.Message, StringComparison.Ordinal);
        fault = Assert.Throws<InputException>(() => AtomicFile.WriteText(_folder.Path, ""));
        Assert.Contains("this is a folder", fault.Message, StringComparison.Ordinal);
    }
}
