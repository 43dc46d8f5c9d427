using CausalMixFT.Engine.Discovery;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Graphs;
using CausalMixFT.Engine.Tables;

namespace CausalMixFT.Engine.Tests.Formats;

public class GraphFormatsFacts
{
    public static TheoryData<GraphFormat> Formats => [.. Enum.GetValues<GraphFormat>()];

    [Theory, MemberData(nameof(Formats))]
    public void A_dag_a_cpdag_and_a_pag_come_back_as_they_were(GraphFormat format)
    {
        var names = Dag.Parse("age, income, y, z, alone").Variables;
        AssertComesBack(format, new GraphBuilder(names).Direct(0, 1).Direct(2, 1).Direct(1, 3).ToDag());
        AssertComesBack(format, new GraphBuilder(names).Direct(0, 1).Undirect(2, 3).Direct(3, 1).ToCpdag());
        AssertComesBack(format, new GraphBuilder(names)
            .Connect(0, 1, Endpoint.Circle, Endpoint.Arrow).Connect(3, 1, Endpoint.Arrow, Endpoint.Arrow)
            .Connect(2, 3, Endpoint.Circle, Endpoint.Circle).Connect(0, 2, Endpoint.Tail, Endpoint.Circle).Direct(1, 2).Undirect(0, 3).ToPag());
    }

    [Theory, MemberData(nameof(Formats))]
    public void Odd_names_come_back_or_are_refused(GraphFormat format)
    {
        Variable[] names = [.. ((string[])["a \"b\"; --> c\\", "Größe, <m> & 'n'", "digraph", "#1", "-5.x", "\\n"])
            .Select((name, i) => new Variable(i, name, ColumnKind.Numeric))];
        var graph = new GraphBuilder(names).Direct(0, 1).Undirect(2, 1).Direct(3, 4).Direct(4, 5).ToCpdag();
        if (format == GraphFormat.Tetrad)
        {
            Assert.Contains("'a \"b\"; --> c\\'", Assert.Throws<InputException>(() => AssertComesBack(format, graph)).Message, StringComparison.Ordinal);
            return;
        }

        AssertComesBack(format, graph);
    }

    [Fact]
    public void A_type_that_marks_do_not_tell_is_kept_where_the_format_has_a_place_for_it()
    {
        using var folder = new TemporaryFolder();
        var pag = new GraphBuilder(Dag.Parse("A, B").Variables).Direct(0, 1).ToPag();
        foreach (var format in (GraphFormat[])[GraphFormat.Json, GraphFormat.Dot, GraphFormat.GraphMl, GraphFormat.Tetrad, GraphFormat.Pcalg])
        {
            string path = folder[GraphFormats.FileName(format)];
            GraphFormats.Write(new(pag, null, null, new()), path, format);
            Assert.IsType<Pag>(GraphFormats.Read(path).Graph);
        }
    }

    [Fact]
    public void Rules_that_contradict_each_other_stay_in_a_cpdag()
    {
        using var folder = new TemporaryFolder();
        var graph = new GraphBuilder(Dag.Parse("A, B, C").Variables).Direct(0, 1).Connect(1, 2, Endpoint.Arrow, Endpoint.Arrow).ToCpdag();
        GraphFormats.Write(new(graph, null, null, new()), folder["graph.pcalg.csv"], GraphFormat.Pcalg);
        Assert.Equal("amat.cpdag,A,B,C\nA,0,0,0\nB,1,0,2\nC,0,2,0\n", File.ReadAllText(folder["graph.pcalg.csv"]));
        Assert.Equal("A --> B, B <-> C", Assert.IsType<Cpdag>(GraphFormats.Read(folder["graph.pcalg.csv"]).Graph).ToString());
    }

    // f12 of the golden sets: the PAG that pcalg 2.7-12 makes of the population's correlations (true_pag), and the whole DAG.
    [Fact]
    public void The_pag_that_pcalg_wrote_of_a_dag_with_hidden_variables_is_the_true_one()
    {
        const string Pag =
            "0,0,0,2,0,0,2,0,0,0,2,0 0,0,2,2,2,2,2,1,1,0,0,0 0,1,0,0,1,0,0,3,3,0,3,0 1,3,0,0,0,2,0,0,0,2,0,0 0,2,2,0,0,0,0,0,3,0,3,0 " +
            "0,3,0,3,0,0,3,3,0,2,0,1 1,3,0,0,0,2,0,3,0,0,2,0 0,2,2,0,0,2,2,0,0,0,2,0 0,2,2,0,2,0,0,0,0,0,2,0 0,0,0,3,0,3,0,0,0,0,3,0 " +
            "1,0,2,0,2,0,2,1,1,2,0,0 0,0,0,0,0,2,0,0,0,0,0,0";
        using var folder = new TemporaryFolder();
        string found = folder.Write("f12.pcalg.csv", $"X1,X2,X3,X4,X5,X6,X7,X8,X9,X10,X11,X12\n{Pag.Replace(' ', '\n')}\n");
        string truth = folder.Write("f12.edges.csv", "from,to\n" +
            "X1,X7\nX1,X11\nX2,X4\nX2,X6\nX2,X7\nX4,X6\nX4,X10\nL1,X7\nL1,X11\nX6,X10\nL2,X1\nL2,X4\nX7,X6\n" +
            "X8,X2\nX8,X3\nX8,X6\nX8,X7\nX8,X11\nX9,X11\nL3,X2\nL3,X3\nL3,X5\nL3,X9\nX11,X3\nX11,X5\nX11,X10\nX12,X6\n");

        var comparison = TrueGraph.Compare(GraphFormats.Read(found).Graph, GraphFormats.Read(truth).Graph, ComparedAs.Auto, out string? note);

        Assert.Contains("'L1'", note, StringComparison.Ordinal);
        Assert.Equal(0, comparison.StructuralHammingDistance);
    }

    [Fact]
    public void Confidence_comes_back_in_json_and_labels_the_edges_of_dot_and_graphml()
    {
        using var folder = new TemporaryFolder();
        var confidence = EdgeConfidence.Of([Dag.Parse("A --> B --> C"), Dag.Parse("A, B --> C, B --> A"), Dag.Parse("A, B, C"), Dag.Parse("A --> B, C")]);
        var file = new GraphFile(Dag.Parse("A --> B --> C"), null, null, new()) { Confidence = confidence };
        foreach (var format in (GraphFormat[])[GraphFormat.Json, GraphFormat.Dot, GraphFormat.GraphMl])
        {
            GraphFormats.Write(file, folder[GraphFormats.FileName(format)], format);
        }

        var read = GraphFormats.Read(folder["graph.json"]).Confidence!;
        Assert.Equal(4, read.Graphs);
        Assert.Equal((0.5, 0.25, 0.75), (read.Share(0, 1, Endpoint.Tail, Endpoint.Arrow), read.Share(1, 0, Endpoint.Tail, Endpoint.Arrow), read.Joined(1, 0)));
        Assert.Equal(0.5, read.Share(1, 2, Endpoint.Tail, Endpoint.Arrow));
        Assert.Contains("\"A\" -> \"B\" [label=\"0.50\"];", File.ReadAllText(folder["graph.dot"]), StringComparison.Ordinal);
        Assert.Contains("<data key=\"share\">0.5</data>", File.ReadAllText(folder["graph.graphml"]), StringComparison.Ordinal);
        Assert.Equal("A --> B, B --> C", GraphFormats.Read(folder["graph.dot"]).Graph.ToString());
    }

    public static TheoryData<string, string, string> OtherPrograms => new()
    {
        // networkx 3.6.1, write_graphml of a DiGraph
        { "nx.graphml", """
            <?xml version='1.0' encoding='utf-8'?>
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
              <key id="d0" for="edge" attr.name="weight" attr.type="double" />
              <graph edgedefault="directed">
                <node id="asia" />
                <node id="tub" />
                <node id="loose" />
                <edge source="asia" target="tub">
                  <data key="d0">0.5</data>
                </edge>
              </graph>
            </graphml>
            """, "asia --> tub, loose" },

        // igraph 1.3.4 (R), write_graph
        { "ig.graphml", """
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
              <key id="v_name" for="node" attr.name="name" attr.type="string"/>
              <graph id="G" edgedefault="directed">
                <node id="n0"><data key="v_name">smoke</data></node>
                <node id="n1"><data key="v_name">lung</data></node>
                <edge source="n0" target="n1">
                </edge>
              </graph>
            </graphml>
            """, "smoke --> lung" },
        { "ig.dot", "/* Created by igraph 1.3.4.9022 */\ndigraph {\n  0 [\n    name=smoke\n  ];\n  1 [\n    name=lung\n  ];\n\n  0 -> 1;\n}\n", "smoke --> lung" },

        // causal-learn: GraphUtils.to_pydot of a PAG, as pydot prints it
        { "cl.dot", "digraph  {\nfontsize=18;\ndpi=200;\n0 [label=X1];\n1 [label=X2];\n2 [label=X3];\n0 -> 1 [arrowhead=normal, arrowtail=odot, dir=both];\n" +
            "1 -> 2 [arrowhead=none, arrowtail=none, dir=both];\n2 -> 0 [arrowhead=normal, arrowtail=normal, dir=both];\n}\n", "X1 o-> X2, X1 <-> X3, X2 --- X3" },

        // Tetrad: GraphSaveLoadUtils.graphToDot
        { "tetrad.dot", "digraph g {\n \"X1\" -> \"X2\" [arrowtail=none, arrowhead=normal]; \n \"X2\" -> \"X3\" [dir=both, arrowtail=odot, arrowhead=odot]; \n}",
            "X1 --> X2, X2 o-o X3" },

        // pgmpy and networkx: a partly directed graph has an edge each way
        { "pgmpy.dot", "strict digraph  {\nA;\nB;\nC;\nA -> B;\nB -> A;\nB -> C [weight=None];\n}\n", "A --- B, B --> C" },
        { "graphviz.dot", "graph { a -- b -- c; edge [dir=back]; c -- d; subgraph cluster_0 { label=\"x -> y\"; e } {f g} -- e [dir=forward] // end\n }",
            "a --- b, b --- c, d --> c, f --> e, g --> e" },
        { "defaults.gv", "digraph { edge [arrowhead=none]; \"a\" + \"b\" -> c:n; c -> d [arrowhead=\"vee\"] }", "ab --- c, c --> d" },

        // dagitty: exported model code
        { "dagitty.txt", "pag {\nbb=\"-3,-0.5,2,1.2\"\nADCY9.8 [outcome,pos=\"1.000,1.000\"]\nE [exposure,pos=\"-2.0,1.0\"]\nZ [pos=\"-0.5,0.5\"]\nE @-> ADCY9.8\nZ <-> E\nZ @-@ ADCY9.8\n}\n",
            "E o-> ADCY9.8, ADCY9.8 o-o Z, E <-> Z" },

        // causal-learn 0.1.4.7: str(graph), and its matrix with pandas' row names
        { "cl.txt", "Graph Nodes:\nA;B;C;D;E\n\nGraph Edges:\n1. A o-> B\n2. A --- E\n3. B o-o C\n4. B --> D\n5. D <-> E\n", "A o-> B, A --- E, B o-o C, B --> D, D <-> E" },
        { "cl.csv", ",A,B,C,D,E\nA,0,2,0,0,-1\nB,1,0,2,-1,0\nC,0,2,0,0,0\nD,0,1,0,0,1\nE,-1,0,0,1,0\n", "A o-> B, A --- E, B o-o C, B --> D, D <-> E" },

        // Tetrad: latents in brackets, properties behind edges
        { "tetrad.txt", "Graph Nodes:\nX1,X2,(L1)\n\nGraph Edges:\n1. L1 --> X1 dd nl\n2. L1 --> X2 [L1 --> X2]:0.9000;[no edge]:0.1000;\n\nGraph Attributes:\nBIC: 3.5\n",
            "L1 --> X1, L1 --> X2" },

        // R 4.2.2: write.csv, and write.table with and without a comma, of pcalg's matrices
        { "w.pcalg.csv", "\"\",\"a\",\"b\",\"c d\"\n\"a\",0,0,0\n\"b\",1,0,1\n\"c d\",0,1,0\n", "a --> b, b --- c d" },
        { "wt.pcalg.csv", "\"a\",\"b\",\"c d\"\n\"a\",0,0,0\n\"b\",1,0,1\n\"c d\",0,1,0\n", "a --> b, b --- c d" },
        { "spaces.pcalg.csv", "\"a\" \"b\" \"c d\" \n\"a\" 0 0 0 \n\"b\" 1 0 1 \n\"c d\" 0 1 0 \n", "a --> b, b --- c d" },
        { "pag.csv", "a,b,c\n0,2,0\n3,0,2\n0,1,0\n", "a --> b, b o-> c" },

        // bnlearn's arcs(): an undirected arc is listed both ways
        { "bnlearn.csv", "\"from\",\"to\"\n\"A\",\"B\"\n\"B\",\"A\"\n\"B\",\"C\"\n", "A --- B, B --> C" },
    };

    [Theory, MemberData(nameof(OtherPrograms))]
    public void What_other_programs_write_is_read(string name, string content, string expected)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(expected, GraphFormats.Read(folder.Write(name, content)).Graph.ToString());
    }

    public static TheoryData<string, string, string> Faults => new()
    {
        { "g.pdf", "%PDF", "the name does not tell the graph's format" },
        { "g.json", "[1]", "this is no causal graph" },
        { "g.dot", "A -> B", "line 1: this is no graph in DOT" },
        { "g.dot", "digraph {\n A -> B;\n B -> ;\n}", "line 3: ';' stands where a variable or an edge was expected" },
        { "g.dot", "digraph {\n A -> B;\n", "line 3: the text ends where '}' was still expected" },
        { "g.dot", "digraph {\n A -> \"B;\n}", "line 2: a quote that begins here is not closed" },
        { "g.dot", "digraph {\n A -> A;\n}", "line 2: the edge from 'A' to itself is a loop" },
        { "g.dot", "digraph {\n A -> B;\n A -> B;\n}", "line 3: 'A' and 'B' are joined a second time" },
        { "g.dot", "digraph {\n A -> B [dir=sideways];\n}", "line 2: the edge's dir is 'sideways'" },
        { "g.dot", "digraph { A -> B -> C -> A }", "The edges form a cycle through " },
        { "g.dot", "digraph {" + new string('{', 5000), "line 1: subgraphs are nested more than 100 deep" },
        { "g.graphml", "<graphml>", "this is no proper XML" },
        { "g.graphml", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\n<graphml><graph><node id=\"&e;\"/></graph></graphml>", "line 1: the file has a document type" },
        { "g.graphml", "<svg/>", "line 1: this is no GraphML, its first element is <svg>" },
        { "g.graphml", "<graphml><graph>\n<node id=\"a\"/>\n<edge source=\"a\" target=\"b\"/></graph></graphml>", "line 3: the edge's target is 'b'" },
        { "g.graphml", "<graphml><graph>\n<node id=\"a\"/>\n<node id=\"a\"/></graph></graphml>", "line 3: the variable 'a' stands twice" },
        { "g.graphml", "<graphml><graph>\n<node/></graph></graphml>", "line 2: the <node> has no 'id'" },
        { "g.txt", "Graph Edges:\n1. A --> B\n", "line 2: the edge names 'A', which is not among the nodes" },
        { "g.txt", "Graph Nodes:\nA;B\n\nGraph Edges:\n1. A ==> B\n", "line 5: '1. A ==> B' is no edge" },
        { "g.txt", "Graph Nodes:\nA;B;A\n", "line 2: the variable 'A' stands twice" },
        { "g.csv", "a,b\n0,1\n1,0\n", "a matrix without −1 and 3 may follow causal-learn's convention or pcalg's" },
        { "g.csv", "a,b\n0,1\n", "line 2: the matrix has 2 columns and 1 rows" },
        { "g.csv", "a,b\n0,-1\nx,0\n", "line 3: the cell of column 'a' is 'x'" },
        { "g.csv", ",a,b\na,0,-1\nc,1,0\n", "line 3: the row is called 'c', but the header has 'b'" },
        { "g.causal-learn.csv", "a,b\n0,-1\n0,0\n", "line 3: the cells of 'b' and 'a', 0 and -1, are no edge in causal-learn" },
        { "g.causal-learn.csv", "a,b\n0,5\n1,0\n", "line 2: the cell of column 'b' is 5, which is no mark in causal-learn" },
        { "g.pcalg.csv", "a,b\n0,2\n4,0\n", "line 3: the cell of column 'a' is 4, which is no mark in amat.pag" },
        { "g.edges.csv", "cause,effect\na,b\n", "line 1: an edge list begins with the header from,to" },
        { "g.edges.csv", "from,to\na,b,c\n", "line 2: the line has 3 cells, but the header has 2" },
        { "g.edges.csv", "from,to\n,b\n", "line 2: a variable has an empty name" },
        { "g.edges.csv", "from,to,atFrom,atTo\na,b,tail,head\n", "line 2: the mark is 'head'" },
        { "g.edges.csv", "from,to\na,b\nb,c\nc,a\n", "The edges form a cycle" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void A_faulty_file_is_refused_in_one_sentence_with_its_place(string name, string content, string reason)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write(name, content);

        string message = Assert.Throws<InputException>(() => GraphFormats.Read(path)).Message;

        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Bytes_that_are_no_text_a_folder_and_nothing_at_all_are_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("line 2: the text is not UTF-8", Fault(folder.Write("g.dot", [.. "digraph {\n"u8, 0xE9])), StringComparison.Ordinal);
        Assert.Contains("this is a folder", Fault(Directory.CreateDirectory(folder["g.json"]).FullName), StringComparison.Ordinal);
        Assert.Contains("does not exist", Fault(folder["none.graphml"]), StringComparison.Ordinal);

        static string Fault(string path) => Assert.Throws<InputException>(() => GraphFormats.Read(path)).Message;
    }

    static void AssertComesBack(GraphFormat format, CausalGraph graph)
    {
        using var folder = new TemporaryFolder();
        string path = folder[GraphFormats.FileName(format)];
        GraphFormats.Write(new(graph, null, null, new()), path, format);

        var read = GraphFormats.Read(path).Graph;

        Assert.Equal(graph.GetType(), read.GetType());
        Assert.Equal(graph.Variables.Select(v => v.Name).Order(StringComparer.Ordinal), read.Variables.Select(v => v.Name).Order(StringComparer.Ordinal));
        Assert.Equal(0, GraphComparison.Of(read, graph).StructuralHammingDistance);
        Assert.Equal(graph.Edges.Count(), read.Edges.Count());
    }
}
