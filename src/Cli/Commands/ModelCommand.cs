using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

/// <summary>Layouts by the words of the command line.</summary>
enum LayoutChoice
{
    /// <summary>This program's own.</summary>
    Own,

    /// <summary>TabPFN's, for tabpfn 8.</summary>
    Tabpfn,

    /// <summary>nanoTabPFN's names.</summary>
    Nano,
}

[Verb("model", HelpText = "Tell what a model's file is (show), or write the model for another program (export).")]
sealed class ModelCommand : Command
{
    [Value(0, MetaName = "ACTION", Required = true, HelpText = "show: layout, sizes, tensors and licence. export: write it to --out.")]
    public string Action { get; set; } = "";

    [Value(1, MetaName = "FILE", Required = true, HelpText = "A .safetensors, .ckpt, .pt or .pth file of this program, TabPFN, nanoTabPFN, TinyPFN or My-Small-PFN.")]
    public string File { get; set; } = "";

    [Option("layout", Default = LayoutChoice.Own, HelpText = "Whose names export writes; all as safetensors.")]
    public LayoutChoice Layout { get; set; }

    [Option("out", MetaValue = "FILE", HelpText = "The .safetensors file that export writes.")]
    public string? Out { get; set; }

    public override string Example => "causalmixft model show runs/churn-churn-seed1/model.safetensors";

    public override string? Results => Out;

    public override void Run(Terminal terminal)
    {
        if (Action is not ("show" or "export"))
        {
            throw new InputException($"model is asked to '{Action}' the file, but show and export are what it can do.");
        }

        if (Action == "show")
        {
            Check(Out is null, "out", Out, "nothing, since show only prints; did you mean export?");
            ModelTable.Show(ModelFile.Describe(File), terminal);
            return;
        }

        string place = Out ?? throw new InputException("model export needs --out FILE, the .safetensors file to write.");
        Check(Path.GetExtension(place) == ".safetensors", "out", place, "a name that ends in .safetensors");
        OutputPlace.CheckFile(place);
        var model = ModelFile.Read(File);
        ModelFile.Export(model, place, Layout switch
        {
            LayoutChoice.Tabpfn => ModelExport.TabPfn,
            LayoutChoice.Nano => ModelExport.Nano,
            _ => ModelExport.Own,
        });
        terminal.Say($"Model: {place}");
        terminal.Note(model.Traits.Notice is { } notice ? [notice] : []);
    }
}
