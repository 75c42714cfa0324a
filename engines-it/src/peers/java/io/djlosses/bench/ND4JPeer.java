/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import io.djlosses.examples.catalog.Size;

import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.api.OutAndGrad;
import org.nd4j.autodiff.samediff.ops.SDLoss;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossCosineProximity;
import org.nd4j.linalg.lossfunctions.impl.LossHinge;
import org.nd4j.linalg.lossfunctions.impl.LossKLD;
import org.nd4j.linalg.lossfunctions.impl.LossMAE;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The losses of ND4J: those of its layers, and those of SameDiff. */
final class ND4JPeer implements Peer {

    private static final String WORKSPACE = "loss";

    private static final Map<String, ILossFunction> LOSSES =
            Map.of(
                    "MSELoss", new LossMSE(),
                    "L1Loss", new LossMAE(),
                    "BCEWithLogitsLoss", new LossBinaryXENT(),
                    "HingeLoss", new LossHinge(),
                    "KLDivLoss", new LossKLD(),
                    "CrossEntropyLoss", new LossMCXENT(),
                    "CosineSimilarityLoss", new LossCosineProximity());

    /** Those that sum over columns. */
    private static final Set<String> SUMS = Set.of("BCEWithLogitsLoss", "HingeLoss", "KLDivLoss");

    @SuppressWarnings("UnusedVariable") // The environment has told ND4J.
    ND4JPeer(int threads) {}

    @Override
    public String version() {
        return Peer.version("org.nd4j", "nd4j-api");
    }

    @Override
    public Map<String, Step> steps(Row row, Size size, Input input) {
        String name = row.loss();
        double columns = SUMS.contains(name) ? input.columns() : 1;
        Map<String, Step> steps = new LinkedHashMap<>();
        ILossFunction loss = LOSSES.get(name);
        if (loss != null) {
            Scale scale =
                    new Scale(
                            1 / columns,
                            name.equals("CosineSimilarityLoss") ? 1 : 0,
                            1 / columns / input.rows());
            steps.put("ND4J", new LayerStep(loss, activation(name), scale, input));
        }
        SameDiff graph = SameDiff.create();
        INDArray predictions = array(input, input.predictions());
        SDVariable label =
                graph.placeHolder("label", DataType.FLOAT, input.rows(), input.columns());
        SDVariable value = value(name, graph, label, graph.var("prediction", predictions));
        if (value != null) {
            graph.setLossVariables(value);
            steps.put("SameDiff", new GraphStep(graph, value.name(), array(input, input.labels())));
        }
        return steps;
    }

    private static INDArray array(Input input, float... values) {
        return Nd4j.create(values, new long[] {input.rows(), input.columns()}, 'c');
    }

    private static IActivation activation(String loss) {
        return switch (loss) {
            case "BCEWithLogitsLoss" -> new ActivationSigmoid();
            case "CrossEntropyLoss" -> new ActivationSoftmax();
            default -> new ActivationIdentity();
        };
    }

    private static @Nullable SDVariable value(
            String loss, SameDiff graph, SDVariable label, SDVariable prediction) {
        SDLoss losses = graph.loss();
        return switch (loss) {
            case "MSELoss" -> losses.meanSquaredError(label, prediction, null);
            case "L1Loss" -> losses.absoluteDifference(label, prediction, null);
            case "HuberLoss" -> losses.huberLoss(label, prediction, null, 1);
            case "BCEWithLogitsLoss" -> losses.sigmoidCrossEntropy(label, prediction, null);
            case "CrossEntropyLoss" -> losses.softmaxCrossEntropy(label, prediction, null);
            // Its labels are 0 and 1.
            case "HingeLoss" -> losses.hingeLoss(label.add(1).div(2), prediction, null);
            default -> null;
        };
    }

    private static final class LayerStep implements Step {

        private final ILossFunction loss;
        private final IActivation activation;
        private final Scale scale;
        private final INDArray labels;
        private final INDArray predictions;
        private final INDArray fresh;
        private final WorkspaceConfiguration memory =
                WorkspaceConfiguration.builder().policyLearning(LearningPolicy.FIRST_LOOP).build();

        LayerStep(ILossFunction loss, IActivation activation, Scale scale, Input input) {
            this.loss = loss;
            this.activation = activation;
            this.scale = scale;
            labels = array(input, input.labels());
            predictions = array(input, input.predictions());
            fresh = predictions.dup();
        }

        @Override
        public void prepare() {
            // Some losses put the activations here.
            fresh.assign(predictions);
        }

        @Override
        @SuppressWarnings("try") // The workspace is entered and left, no more.
        public double[] run(int... places) {
            try (MemoryWorkspace workspace =
                    Nd4j.getWorkspaceManager().getAndActivateWorkspace(memory, WORKSPACE)) {
                Pair<Double, INDArray> pair =
                        loss.computeGradientAndScore(labels, fresh, activation, null, true);
                return scale.outcome(pair.getFirst(), pair.getSecond()::getDouble, places);
            }
        }

        @Override
        public void close() {
            Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
            List.of(labels, predictions, fresh).forEach(INDArray::close);
        }
    }

    private static final class GraphStep implements Step {

        private final SameDiff graph;
        private final String value;
        private final INDArray labels;

        GraphStep(SameDiff graph, String value, INDArray labels) {
            this.graph = graph;
            this.value = value;
            this.labels = labels;
        }

        @Override
        public double[] run(int... places) {
            OutAndGrad result =
                    graph.calculateGradientsAndOutputs(
                            Map.of("label", labels), List.of(value), List.of("prediction"));
            try (INDArray gradient = result.getGradients().get("prediction")) {
                return Scale.NONE.outcome(
                        result.getOutputs().get(value).getDouble(0), gradient::getDouble, places);
            }
        }

        @Override
        public void close() {
            labels.close();
            graph.getVariable("prediction").getArr().close();
        }
    }
}
