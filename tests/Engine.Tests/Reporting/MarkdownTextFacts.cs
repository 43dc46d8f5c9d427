using System.Net;
using CausalMixFT.Engine.Reporting;

namespace CausalMixFT.Engine.Tests.Reporting;

public sealed class MarkdownTextFacts
{
    [Theory]
    [InlineData("<b>|x")]
    [InlineData("a_b_c")]
    [InlineData("_a_")]
    [InlineData("*bold* **bolder**")]
    [InlineData("`code` ``more``")]
    [InlineData("[link](http://example.org)")]
    [InlineData("![picture](x.png)")]
    [InlineData("back\\slash\\|pipe")]
    [InlineData("&amp; &lt;")]
    [InlineData("# 1. ~~x~~")]
    [InlineData("<script>alert('x')</script>")]
    [InlineData("\"quoted\" 'name'")]
    [InlineData("größe £ 温度")]
    public void A_name_shows_as_it_is_in_a_cell_and_in_a_sentence(string name)
    {
        var text = new MarkdownText();
        text.Table(1, ["Name", "Rows"], [[MarkdownText.Name(name), "1"]]);
        text.Paragraph($"The column {MarkdownText.Name(name)} is one.");
        string page = ReportPage.Render("title", text.ToString(), new Dictionary<string, string>());
        string shown = WebUtility.HtmlDecode(page[page.IndexOf("<body>", StringComparison.Ordinal)..]);
        Assert.Contains($"<td>{name}</td>", shown, StringComparison.Ordinal);
        Assert.Contains($"<p>The column {name} is one.</p>", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_needs_nothing_from_outside_and_holds_its_pictures()
    {
        var text = new MarkdownText();
        text.Picture("A graph", "graph.svg");
        string page = ReportPage.Render(
            "<title>", text.ToString(), new Dictionary<string, string> { ["graph.svg"] = "<?xml version=\"1.0\"?>\n<svg><text>a</text></svg>\n" });
        Assert.Contains("<svg><text>a</text></svg>", page, StringComparison.Ordinal);
        Assert.Contains("<title>&lt;title&gt;</title>", page, StringComparison.Ordinal);
        Assert.All((string[])["<img", "<?xml", "http:", "https:", "<script", "<link"], part =>
            Assert.DoesNotContain(part, page, StringComparison.Ordinal));
    }
}
