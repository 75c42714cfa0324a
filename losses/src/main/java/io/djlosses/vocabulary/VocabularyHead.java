/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.vocabulary;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

import io.djlosses.api.Checks;

import org.jspecify.annotations.Nullable;

/**
 * The last linear layer of a model with very many classes, for a loss that computes the logits
 * itself.
 *
 * <p>In training it returns its input and its parameters, so that {@link LinearCrossEntropyLoss} or
 * {@link SampledSoftmaxLoss} decides how many logits to compute, and the gradient reaches the
 * parameters. Outside of training (in a {@code Predictor} or in validation) it returns the logits
 * {@code x Wᵀ + b}, of which both losses then compute the full cross entropy.
 *
 * <p>The parameters are {@code weight} (V, D) and {@code bias} (V), as those of {@link Linear} and
 * of {@code torch.nn.Linear}.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Block net = new SequentialBlock()
 *         .add(Linear.builder().setUnits(512).build())
 *         .add(Activation::relu)
 *         .add(VocabularyHead.forLinearCrossEntropy(32000));
 * model.setBlock(net);
 * TrainingConfig config = new DefaultTrainingConfig(Losses.linearCrossEntropyLoss())
 *         .addTrainingListeners(TrainingListener.Defaults.basic());
 * try (Trainer trainer = model.newTrainer(config)) {
 *     trainer.initialize(new Shape(1, features));
 *     EasyTrain.fit(trainer, epochs, training, validation);
 * }
 * }</pre>
 *
 * <p>The block must be the last one of the model. Evaluators other than the loss, such as {@code
 * Accuracy}, cannot use its output in training; compute them with a {@code Predictor}.
 */
public final class VocabularyHead extends AbstractBlock {

    private static final byte VERSION = 1;

    private final long classes;
    private final boolean parametersFirst;
    private final Parameter weight;
    private final @Nullable Parameter bias;

    private VocabularyHead(long classes, boolean hasBias, boolean parametersFirst) {
        super(VERSION);
        Checks.require(classes >= 1, "VocabularyHead", "classes", "be at least 1", classes);
        this.classes = classes;
        this.parametersFirst = parametersFirst;
        weight = add("weight", Parameter.Type.WEIGHT);
        bias = hasBias ? add("bias", Parameter.Type.BIAS) : null;
    }

    private Parameter add(String name, Parameter.Type type) {
        return addParameter(Parameter.builder().setName(name).setType(type).build());
    }

    /**
     * Creates a layer with a bias, for {@link LinearCrossEntropyLoss}: in training it returns
     * [input, weight, bias].
     *
     * @param classes the number of classes V
     * @return the block
     */
    public static VocabularyHead forLinearCrossEntropy(long classes) {
        return forLinearCrossEntropy(classes, true);
    }

    /**
     * Creates a layer for {@link LinearCrossEntropyLoss}: in training it returns [input, weight],
     * and the bias if it has one.
     *
     * @param classes the number of classes V
     * @param bias whether the layer has a bias
     * @return the block
     */
    public static VocabularyHead forLinearCrossEntropy(long classes, boolean bias) {
        return new VocabularyHead(classes, bias, false);
    }

    /**
     * Creates a layer for {@link SampledSoftmaxLoss}: in training it returns [weight, bias, input].
     *
     * @param classes the number of classes V
     * @return the block
     */
    public static VocabularyHead forSampledSoftmax(long classes) {
        return new VocabularyHead(classes, true, true);
    }

    /** {@inheritDoc} */
    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray input = inputs.singletonOrThrow();
        Device device = input.getDevice();
        NDArray w = parameterStore.getValue(weight, device, training);
        if (bias == null) {
            return training ? new NDList(input, w) : Linear.linear(input, w);
        }
        NDArray b = parameterStore.getValue(bias, device, training);
        if (!training) {
            return Linear.linear(input, w, b);
        }
        return parametersFirst ? new NDList(w, b, input) : new NDList(input, w, b);
    }

    /** Returns the shape of the logits, which is that of the output outside of training. */
    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape input = inputShapes[0];
        return new Shape[] {input.slice(0, input.dimension() - 1).add(classes)};
    }

    /** {@inheritDoc} */
    @Override
    protected void prepare(Shape[] inputShapes) {
        Shape input = inputShapes[0];
        weight.setShape(new Shape(classes, input.get(input.dimension() - 1)));
        if (bias != null) {
            bias.setShape(new Shape(classes));
        }
    }
}
