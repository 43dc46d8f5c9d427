using CausalMixFT.Engine.Studies;
using static CausalMixFT.Engine.Reporting.StudyText;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The page of one table of a study: what every arm came to in every cell, and how good the synthetic rows are.</summary>
static class StudyTablePage
{
    const string Picture = "table.svg";

    /// <summary>The page.</summary>
    public static string Render(StudyAnalysis study, string table, string home)
    {
        var text = new MarkdownText();
        text.Heading(1, Name(table));
        text.Paragraph($"[All tables]({home})");
        StudyCell[] cells = [.. study.Gains.Cells.Where(cell => cell.Table == table)];
        text.Paragraph(
            $"{TaskSummary.Count(cells.Length, "cell")}. One table says little about an arm: what differs here may be the draw of its rows. What may be claimed is on the first page." +
            (study.Options.Traits.TryGetValue(table, out var traits) ? $" {TaskSummary.Count(traits.Columns, "column")}, of which {traits.CategoricalColumns} categorical." : ""));
        text.Picture($"Gain of each arm over the un-tuned model on {Name(table)}", Picture);
        text.Paragraph("A small dot is one split of one cell; a large one is the mean over cells, green where better than un-tuned and red where worse.");
        foreach (var measure in study.Options.Primary)
        {
            text.Heading(2, measure.Name);
            text.Table(
                1, ["Arm", .. cells.Select(Cell), "Mean gain"],
                new[] { study.Gains.Baseline }.Concat(study.Gains.Arms).Select(arm => (IReadOnlyList<string>)[
                    Name(arm), .. cells.Select(cell => Value(study.Gains, measure, cell, arm)),
                    arm == study.Gains.Baseline ? "" : Gain(study.Gains.OnTables(measure, arm).FirstOrDefault(gain => gain.Table == table)?.Gain ?? double.NaN)]));
            text.Paragraph("Means over splits, in brackets the standard deviation between splits.");
        }

        WriteQuality(text, study, table);
        return StudyPage.Render(
            $"{table} – study – CausalMixFT", text.ToString(),
            new Dictionary<string, string> { [Picture] = TableGainsChart.Draw(study.Gains, table, study.Options.Primary) });
    }

    static void WriteQuality(MarkdownText text, StudyAnalysis study, string table)
    {
        GeneratorQuality[] here = [.. study.Quality.Where(one => one.Table == table)];
        if (here.Length == 0)
        {
            return;
        }

        string[] names = [.. here.SelectMany(one => one.Quality.Keys).Distinct().Order(StringComparer.Ordinal)];
        text.Heading(2, "Synthetic rows: quality beside utility");
        text.Table(
            1, ["Generator", .. names, .. study.Options.Primary.Select(measure => $"Gain in {measure.Name}")],
            here.Select(one => (IReadOnlyList<string>)[
                Name(one.Generator), .. names.Select(name => Score(one.Quality.GetValueOrDefault(name, double.NaN))),
                .. study.Options.Primary.Select(measure => Gain(one.Gains.GetValueOrDefault(measure.Key, double.NaN)))]));
        text.Paragraph("Means over the generator's units on this table, and over its arms.");
    }

    static string Value(StudyGains gains, StudyMeasure measure, StudyCell cell, string arm)
    {
        double[] values = [.. gains.Units(cell, arm).Select(measure.Of).Where(value => !double.IsNaN(value))];
        double mean = values.DefaultIfEmpty(double.NaN).Average();
        return values.Length < 2 ? Score(mean)
            : $"{Score(mean)} ({Score(Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)))})";
    }

    static string Name(string name) => MarkdownText.Name(name);
}
