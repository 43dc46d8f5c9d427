using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public class KnowledgeFileFacts
{
    // In the layout that Tetrad's sample files have: two spaces, an empty tier, blank lines, no line feed at the end.
    const string Tetrad = "/knowledge\naddtemporal\n\n1  age sex\n2* income \"blood pressure\"\n3 \n5- y\n\nforbiddirect\nage sex\n\nrequiredirect\nincome y";

    [Fact]
    public void Our_own_words_are_understood()
    {
        var knowledge = Read(""""
            # what the clinic knows
            tier 2: income, "blood pressure, mean"   # after birth
            tier 1 closed: age, sex
            tier 3 next: y
            tier 2: weight
            forbid age, sex --> y, weight
            forbid age --- weight
            require "say ""no""" --> y
            sink y, z
            root item#3
            """");

        Assert.Equal([["age", "sex"], ["income", "blood pressure, mean", "weight"], ["y"]], knowledge.Tiers);
        Assert.Equal([0], knowledge.ClosedTiers);
        Assert.Equal([2], knowledge.NextOnlyTiers);
        Assert.Equal(
            [("age", "y"), ("age", "weight"), ("sex", "y"), ("sex", "weight"), ("age", "weight"), ("weight", "age")], knowledge.Forbid);
        Assert.Equal([("say \"no\"", "y")], knowledge.Require);
        Assert.Equal(["y", "z"], knowledge.Sinks);
        Assert.Equal(["item#3"], knowledge.Roots);
    }

    [Fact]
    public void Tetrads_words_are_understood()
    {
        var knowledge = Read(Tetrad);

        Assert.Equal([["age", "sex"], ["income", "blood pressure"], ["y"]], knowledge.Tiers);
        Assert.Equal([1], knowledge.ClosedTiers);
        Assert.Equal([2], knowledge.NextOnlyTiers);
        Assert.Equal([("age", "sex")], knowledge.Forbid);
        Assert.Equal([("income", "y")], knowledge.Require);
    }

    [Fact]
    public void Tetrads_groups_are_all_pairs()
    {
        var knowledge = Read("/knowledge\nforbiddengroup\na b\nc d\n\nrequiredgroup\na\nb // a comment\n");

        Assert.Equal([("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")], knowledge.Forbid);
        Assert.Equal([("a", "b")], knowledge.Require);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new TemporaryFolder();
        var knowledge = new BackgroundKnowledge
        {
            Tiers = [["a", "b, c"], ["d: e"]],
            ClosedTiers = [0],
            NextOnlyTiers = [0],
            Forbid = [("a", "x --> y")],
            Require = [("say \"no\"", "it's #1")],
            Sinks = [" padded "],
            Roots = ["#r"],
        };

        KnowledgeFile.Write(knowledge, folder["k.txt"]);
        var read = KnowledgeFile.Read(folder["k.txt"]);

        Assert.Equal(knowledge.Tiers, read.Tiers);
        Assert.Equal((0, 0), (Assert.Single(read.ClosedTiers), Assert.Single(read.NextOnlyTiers)));
        Assert.Equal(knowledge.Forbid, read.Forbid);
        Assert.Equal(knowledge.Require, read.Require);
        Assert.Equal(knowledge.Sinks, read.Sinks);
        Assert.Equal(knowledge.Roots, read.Roots);
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "sink y\ncause a --> b\n", "line 2: 'cause a --> b' is no statement" },
        { "tier one: a\n", "line 1: 'tier one: a' is no tier" },
        { "tier 1 a, b\n", "line 1: 'tier 1 a, b' is no tier" },
        { "forbid a b\n", "line 1: 'a b' is no edge: write it as 'a --> b', or 'a --- b'" },
        { "require a --- b\n", "line 1: 'a --- b' is no edge: write it as 'a --> b'." },
        { "require a --> b --> c\n", "line 1: 'b --> c' is no name" },
        { "sink \"y\n", "line 1: the name \"y is not quoted properly" },
        { "forbid a, --> b\n", "line 1: a name is missing" },
        { "root\n", "line 1: a name is missing" },
        { "# nothing\nroot q\n", "line 2: There is no column 'q' in the table, which has 'a', 'b', 'c', 'y'" },
        { "tier 1: a\ntier 2: b, agee*\n", "line 2: No column is named like 'agee*'" },
        { "tier 1: a\ntier 2: b, a\n", "line 2: Column 'a' stands in two tiers, by 'tier 1: a' on line 1 and by 'tier 2: a' on line 2" },
        { "sink y\n\nrequire y --> a\n", "line 3: The edge y --> a is both required and forbidden, by 'require y --> a' on line 3 and 'sink y' on line 1" },
        { "tier 1: a\ntier 2: b\nrequire b --> a\n", "line 3: The edge b --> a is both required and forbidden, by 'require b --> a' on line 3 and 'tier 2: b' on line 2" },
        { "tier 1 closed: a, b\nrequire a --> b\n", "line 2: The edge a --> b is both required and forbidden, by 'require a --> b' on line 2 and 'tier 1 closed' on line 1" },
        { "require a --> b\nrequire b --> c\nrequire c --> a\n", "line 3: The required edge c --> a closes a cycle" },
        { "forbid a --> a\n", "line 1: 'forbid a --> a' on line 1 joins the column to itself" },
        { "sink y\nroot y\n", "line 1: Column 'y' is both a sink and a root" },
        { "/knowledge\na b\n", "line 2: 'a b' stands before any section" },
        { "/knowledge\naddtemporal\na b\n", "line 3: 'a' is no number of a tier" },
        { "/knowledge\nforbiddirect\na b c\n", "line 3: 'a b c' has 3 names" },
        { "/knowledge\nrequiredirect\na \"b\n", "line 3: a quote is not closed" },
        { "/knowledge\nforbiddengroup\na b\n", "line 3: a group in forbiddengroup is two lines" },
        { "/knowledge\nrequiredirect\na ypsilon\n", "line 3: There is no column 'ypsilon'" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void A_faulty_file_is_refused_in_one_sentence_with_its_line(string content, string reason)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("k.txt", content);
        Column[] columns = [.. "abcy".Select(name => new Column($"{name}", ColumnKind.Numeric, [1, 2]))];

        string message = Assert.Throws<InputException>(() => KnowledgeFile.Read(path).Check(columns)).Message;

        Assert.StartsWith($"{path}, {reason}", message, StringComparison.Ordinal);
        Assert.EndsWith(message[^1] == '?' ? "?" : ".", message, StringComparison.Ordinal);
    }

    static BackgroundKnowledge Read(string text)
    {
        using var folder = new TemporaryFolder();
        return KnowledgeFile.Read(folder.Write("k.txt", text));
    }
}
