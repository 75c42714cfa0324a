/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.symbolic;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.SymbolBlock;
import ai.djl.training.ParameterStore;

import io.djlosses.internal.core.NdBase;
import io.djlosses.internal.core.Trait;
import io.djlosses.internal.symbolic.Recording.Node;
import io.djlosses.internal.symbolic.Recording.Preparation;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A recorded computation, loaded into an engine that runs it in one call.
 *
 * @param block the model that the engine runs
 * @param leaves the inputs and constants of the model, in its order
 * @param preparations how inputs are computed that Java makes of other inputs
 * @param number the number that accompanies the results
 */
record Graph(SymbolBlock block, List<Node> leaves, List<Preparation> preparations, double number) {

    /** An engine can load and run graphs. */
    private static final Trait RUNS_GRAPHS =
            new Trait(
                    probe -> {
                        try (NDScope scope = new NDScope()) {
                            scope.suppressNotUsedWarning();
                            NDList one = new NDList(probe.ones(new Shape(1), DataType.FLOAT32));
                            Start start = of(probe, one, Graph::plusTwo);
                            return NdBase.toDoubles(start.results.head())[0] == 3;
                        } catch (RuntimeException e) {
                            return false;
                        }
                    });

    private static final ParameterStore NO_PARAMETERS = new ParameterStore();

    /**
     * A graph and its first results.
     *
     * @param graph the graph
     * @param results the results for the inputs that it was recorded with
     */
    record Start(Graph graph, NDList results) {}

    private static Recorder.Results plusTwo(NDList inputs) {
        return new Recorder.Results(new NDList(inputs.head().add(2)), 0);
    }

    /** Returns whether the engine of an array runs graphs. */
    static boolean runsOn(NDArray array) {
        return Operators.serve(array) && RUNS_GRAPHS.of(array.getManager());
    }

    /**
     * Records a computation and loads it.
     *
     * @param owner the manager of the arrays that outlive the recording
     * @param inputs the inputs
     * @param computation the computation
     * @return the graph and its first results
     * @throws IllegalStateException if the graph gives other values than the computation
     */
    static Start of(
            NDManager owner, NDList inputs, Function<NDList, Recorder.Results> computation) {
        Recording.Result recorded = Recording.of(inputs, computation);
        try {
            List<Node> nodes = collect(recorded.heads());
            List<Node> leaves = nodes.stream().filter(Node::isLeaf).toList();
            SymbolBlock block = load(owner, nodes, recorded.heads());
            Graph graph = new Graph(block, leaves, recorded.preparations(), recorded.number());
            NDList constants = new NDList(inputs.size());
            recorded.inputs().forEach(input -> constants.add(input.stopGradient()));
            graph.check(constants, recorded.values());
            for (Node leaf : leaves) {
                if (leaf.constant() != null) {
                    leaf.constant().attach(owner);
                    recorded.made().removeIf(array -> array == leaf.constant());
                }
            }
            return new Start(graph, graph.run(recorded.inputs()));
        } finally {
            recorded.made().forEach(NDArray::close);
        }
    }

    /** Rejects a graph whose values differ from those of the operations one by one. */
    private void check(NDList inputs, NDList values) {
        NDList results = run(inputs);
        for (int head = 0; head < values.size(); head++) {
            double[] expected = NdBase.toDoubles(values.get(head));
            double[] actual = NdBase.toDoubles(results.get(head));
            for (int i = 0; i < expected.length; i++) {
                double difference = Math.abs(actual[i] - expected[i]);
                if (Double.compare(actual[i], expected[i]) != 0
                        && !(difference <= 1e-6 * Math.abs(expected[i]))) {
                    throw new IllegalStateException("the engine computes another value");
                }
            }
        }
    }

    /**
     * Runs the graph.
     *
     * @param given the inputs
     * @return the results, or null if the graph is not valid for these data
     */
    @Nullable NDList tryRun(NDList given) {
        if (preparations.isEmpty()) {
            return run(given);
        }
        NDList inputs = new NDList(given);
        for (Preparation preparation : preparations) {
            NDList prepared = preparation.maker().apply(inputs.get(preparation.input()));
            if (!List.of(prepared.getShapes()).equals(preparation.shapes())) {
                return null;
            }
            inputs.addAll(prepared);
        }
        return run(inputs);
    }

    private NDList run(NDList inputs) {
        NDList arguments = new NDList(leaves.size());
        for (Node leaf : leaves) {
            // The backward pass of one run would free for another run what they share.
            NDArray array =
                    leaf.constant() == null
                            ? inputs.get(leaf.input())
                            : leaf.constant().stopGradient();
            // The engine takes the name of an array for the name of an input.
            arguments.add(array.getName() == null ? array : array.reshape(array.getShape()));
        }
        return block.forward(NO_PARAMETERS, arguments, false);
    }

    /** Returns the nodes of a graph, each after its arguments. */
    private static List<Node> collect(List<Node> heads) {
        List<Node> nodes = new ArrayList<>();
        Map<Node, Boolean> seen = new HashMap<>();
        heads.forEach(head -> collect(head, seen, nodes));
        return nodes;
    }

    private static void collect(Node node, Map<Node, Boolean> seen, List<Node> nodes) {
        if (seen.put(node, true) == null) {
            node.arguments().forEach(argument -> collect(argument, seen, nodes));
            nodes.add(node);
        }
    }

    /** Loads nodes as a model without parameters, in the format in which blocks are saved. */
    private static SymbolBlock load(NDManager owner, List<Node> nodes, List<Node> heads) {
        byte[] source = source(nodes, heads).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream saved = new DataOutputStream(bytes)) {
            saved.writeByte(3);
            saved.writeInt(source.length);
            saved.write(source);
            saved.writeInt(0);
            for (long leaf = nodes.stream().filter(Node::isLeaf).count(); leaf > 0; leaf--) {
                saved.writeChar('N');
            }
            SymbolBlock block = SymbolBlock.newInstance(owner);
            block.loadParameters(
                    owner, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
            return block;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedModelException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String source(List<Node> nodes, List<Node> heads) {
        Map<Node, Integer> numbers = new HashMap<>();
        StringJoiner entries = new StringJoiner(",");
        StringJoiner leaves = new StringJoiner(",");
        for (Node node : nodes) {
            int number = numbers.size();
            numbers.put(node, number);
            if (node.isLeaf()) {
                leaves.add(Integer.toString(number));
            }
            String arguments = references(node.arguments(), numbers);
            StringJoiner parameters = new StringJoiner(",");
            for (int i = 0; i < node.parameters().size(); i += 2) {
                String name = node.parameters().get(i);
                parameters.add("\"%s\":\"%s\"".formatted(name, node.parameters().get(i + 1)));
            }
            String operator = node.isLeaf() ? "null" : node.operator();
            String entry = "{\"op\":\"%s\",\"name\":\"n%d\",\"attrs\":{%s},\"inputs\":[%s]}";
            entries.add(entry.formatted(operator, number, parameters, arguments));
        }
        return """
        {"nodes":[%s],"arg_nodes":[%s],"heads":[%s],
        "attrs":{"mxnet_version":["int",10900],"is_np_shape":["int",1]}}
        """
                .formatted(entries, leaves, references(heads, numbers));
    }

    private static String references(List<Node> nodes, Map<Node, Integer> numbers) {
        return nodes.stream()
                .map(node -> "[" + numbers.get(node) + ",0,0]")
                .collect(Collectors.joining(","));
    }
}
