namespace CausalMixFT.Engine.Pretraining;

/// <summary>How the arrows of a random world lie.</summary>
enum GraphFamily
{
    /// <summary>A growing network with redirection (Krapivsky and Redner, 2001): hubs and chains.</summary>
    Redirection,

    /// <summary>Every pair has an arrow with the same chance (Erdős and Rényi, 1959).</summary>
    ErdosRenyi,

    /// <summary>Layers, each read by the next, as in a perceptron (the prior of TabPFN; Hollmann et al., 2023).</summary>
    Layered,

    /// <summary>One parent each.</summary>
    Tree,

    /// <summary>Blocks of a hub and its effects, with few arrows between blocks: correlated groups of columns.</summary>
    Clusters,
}

/// <summary>Draws directed acyclic graphs: a node's parents have smaller numbers.</summary>
static class RandomGraph
{
    // A sum of more parents is near normal whatever they are, and costs time.
    const int MostParents = 10;

    /// <summary>The parents of each node, in rising order.</summary>
    public static int[][] Draw(DrawSequence draw, GraphFamily family, int nodes) => family switch
    {
        GraphFamily.ErdosRenyi => ErdosRenyi(draw, nodes),
        GraphFamily.Layered => Layered(draw, nodes),
        GraphFamily.Tree => Tree(draw, nodes),
        GraphFamily.Clusters => Clusters(draw, nodes),
        _ => Redirection(draw, nodes),
    };

    static int[][] Redirection(DrawSequence draw, int nodes)
    {
        int roots = 1 + draw.Below(Math.Max(1, Math.Min(nodes / 2, 6)));
        float more = draw.Uniform(0.3f, 0.7f), redirect = draw.Uniform(0.1f, 0.7f);
        var parents = new int[nodes][];
        for (int node = 0; node < nodes; node++)
        {
            var chosen = new SortedSet<int>();
            if (node >= roots && !draw.Chance(0.08f))
            {
                int wanted = 1;
                while (wanted < Math.Min(6, node) && draw.Chance(more))
                {
                    wanted++;
                }

                for (int attempt = 0; attempt < wanted; attempt++)
                {
                    int parent = draw.Below(node);
                    bool moves = parents[parent].Length > 0 && draw.Chance(redirect);
                    chosen.Add(moves ? parents[parent][draw.Below(parents[parent].Length)] : parent);
                }
            }

            parents[node] = [.. chosen];
        }

        return parents;
    }

    static int[][] ErdosRenyi(DrawSequence draw, int nodes)
    {
        float chance = Math.Min(0.9f, draw.Uniform(1, 4) * 2 / Math.Max(1, nodes - 1));
        var parents = new int[nodes][];
        for (int node = 0; node < nodes; node++)
        {
            var chosen = new List<int>();
            for (int other = 0; other < node; other++)
            {
                if (draw.Chance(chance))
                {
                    chosen.Add(other);
                }
            }

            parents[node] = Some(draw, chosen, MostParents);
        }

        return parents;
    }

    static int[][] Layered(DrawSequence draw, int nodes)
    {
        int layers = Math.Min(nodes, 2 + draw.Below(5));
        int fan = draw.LogBetween(1, MostParents);
        float skips = draw.Chance(0.3f) ? 0.15f : 0;
        var parents = new int[nodes][];
        int before = 0, start = 0;
        for (int layer = 0; layer < layers; layer++)
        {
            int end = (layer + 1) * nodes / layers;
            for (int node = start; node < end; node++)
            {
                var candidates = Enumerable.Range(before, start - before).ToList();
                if (before > 0 && draw.Chance(skips))
                {
                    candidates.Add(draw.Below(before));
                }

                parents[node] = Some(draw, candidates, Math.Max(1, fan - draw.Below(1 + fan / 2)));
            }

            (before, start) = (start, end);
        }

        return parents;
    }

    static int[][] Tree(DrawSequence draw, int nodes)
    {
        // Reaching back a short way makes chains, a long way stars.
        int reach = draw.LogBetween(1, nodes);
        float root = draw.Uniform(0, 0.15f);
        var parents = new int[nodes][];
        for (int node = 0; node < nodes; node++)
        {
            parents[node] = node == 0 || draw.Chance(root) ? [] : [node - 1 - draw.Below(Math.Min(node, reach))];
        }

        return parents;
    }

    static int[][] Clusters(DrawSequence draw, int nodes)
    {
        float between = draw.Uniform(0, 0.6f), within = draw.Uniform(0, 0.5f);
        var parents = new int[nodes][];
        for (int hub = 0; hub < nodes;)
        {
            int end = Math.Min(nodes, hub + 2 + draw.Below(6));
            parents[hub] = hub > 0 && draw.Chance(between) ? [draw.Below(hub)] : [];
            for (int node = hub + 1; node < end; node++)
            {
                parents[node] = node > hub + 1 && draw.Chance(within) ? [hub, hub + 1 + draw.Below(node - hub - 1)] : [hub];
            }

            hub = end;
        }

        return parents;
    }

    static int[] Some(DrawSequence draw, List<int> candidates, int most)
    {
        while (candidates.Count > most)
        {
            candidates.RemoveAt(draw.Below(candidates.Count));
        }

        candidates.Sort();
        return [.. candidates];
    }
}
