using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using Spectre.Console;

namespace CausalMixFT.Cli;

/// <summary>A model's file on the terminal.</summary>
static class ModelTable
{
    /// <summary>Writes what the file is, then a table of its tensors.</summary>
    public static void Show(ModelDescription file, Terminal terminal)
    {
        var traits = file.Model.Traits;
        terminal.Say($"Layout: {file.Layout}");
        terminal.Say($"Model: {file.Kind}");
        terminal.Say(file.Released is { } released ? $"Released file: {released.Name} ({released.Licence})" : "Released file: none that is known by its SHA-256");
        terminal.Say($"Origin: {file.Model.Origin}");
        terminal.Say($"Task: {Task(file.Model)}, outputs divided by {traits.Temperature.ToString("0.###", CultureInfo.InvariantCulture)} before the softmax");
        terminal.Say($"Switches: {Switches(file)}");
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Parameters: {file.Model.ParameterCount:N0}"));
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"Bytes: {file.Bytes:N0}"));
        terminal.Say($"SHA-256: {file.Sha256}");
        terminal.Note(traits.Notice is { } notice ? [notice] : []);
        terminal.Show(Tensors(file));
    }

    static string Task(TabularModel model) => model.Traits.Task == ModelTask.Classification
        ? string.Create(CultureInfo.InvariantCulture, $"classification into up to {model.Config.Classes} classes")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"regression into {model.Config.Classes} buckets{(model.Traits.Borders is null ? ", equally likely under N(0, 1)" : "")}");

    static string Switches(ModelDescription file) =>
        file.Switches.Count == 0 ? "all at their defaults" : string.Join(", ", file.Switches.Select(entry => $"{entry.Name} {entry.Value}"));

    static Table Tensors(ModelDescription file)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn(new TableColumn("tensor").NoWrap().PadLeft(0)).AddColumn(new TableColumn("shape").RightAligned().NoWrap())
            .AddColumn(new TableColumn("type").NoWrap());
        foreach (var tensor in file.Tensors)
        {
            table.AddRow(Markup.Escape(tensor.Name), Markup.Escape($"[{string.Join(", ", tensor.Shape)}]"), tensor.Type);
        }

        return table;
    }
}
