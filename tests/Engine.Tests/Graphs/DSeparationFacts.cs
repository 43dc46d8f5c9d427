using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Tests.Graphs;

public class DSeparationFacts
{
    [Theory]
    [InlineData("A --> B --> C", "A", "C", "", false)]
    [InlineData("A --> B --> C", "A", "C", "B", true)]
    [InlineData("B --> A, B --> C", "A", "C", "B", true)]
    [InlineData("A --> B, C --> B", "A", "C", "", true)]
    [InlineData("A --> B, C --> B", "A", "C", "B", false)]
    [InlineData("A --> B, C --> B, B --> D", "A", "C", "D", false)]
    [InlineData("A --> B, C --> B, C --> D, A --> D", "A", "C", "", true)]
    public void Paths_are_blocked_as_the_textbook_says(string text, string x, string y, string given, bool separated)
    {
        var dag = Dag.Parse(text);
        int[] set = [.. given.Where(char.IsLetter).Select(letter => Node(letter.ToString()))];

        Assert.Equal(separated, DSeparation.Separates(dag, Node(x), Node(y), set));
        Assert.Equal(separated, DSeparation.Separates(dag, Node(y), Node(x), set));

        int Node(string name) => dag.Variables.First(v => v.Name == name).Index;
    }

    [Fact]
    public void Separation_is_what_the_moral_graph_of_ancestors_says()
    {
        // Lauritzen's criterion, another definition altogether.
        var random = new Random(42);
        for (int round = 0; round < 300; round++)
        {
            var dag = RandomDags.Draw(random, 8);
            int[] order = [.. Enumerable.Range(0, dag.Count)];
            random.Shuffle(order);
            int[] given = order[2..random.Next(2, dag.Count + 1)];

            Assert.Equal(
                MoralGraphSeparates(dag, order[0], order[1], given), DSeparation.Separates(dag, order[0], order[1], given));
        }
    }

    static bool MoralGraphSeparates(Dag dag, int x, int y, int[] given)
    {
        var ancestors = new HashSet<int>();
        var open = new Stack<int>([x, y, .. given]);
        while (open.TryPop(out int node))
        {
            if (ancestors.Add(node))
            {
                foreach (int parent in dag.Parents(node))
                {
                    open.Push(parent);
                }
            }
        }

        var moral = new bool[dag.Count, dag.Count];
        foreach (int node in ancestors)
        {
            int[] family = [node, .. dag.Parents(node)];
            foreach (int a in family)
            {
                foreach (int b in family)
                {
                    moral[a, b] = true;
                }
            }
        }

        var reached = new HashSet<int>(given);
        open = new Stack<int>([x]);
        while (open.TryPop(out int node))
        {
            if (node == y)
            {
                return false;
            }

            if (reached.Add(node))
            {
                foreach (int other in Enumerable.Range(0, dag.Count).Where(other => moral[node, other] && !reached.Contains(other)))
                {
                    open.Push(other);
                }
            }
        }

        return true;
    }
}
