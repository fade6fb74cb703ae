"""Why a variable is not counted, not trained or not saved: the place, the line, the cause and the mend."""


def diagnose(model, inputs=None, fit=True):
    """The Diagnosis of a model, or of the model that a function makes.

    ``model``: a Keras model, which is left as it was; or a function of no arguments that makes one and
    returns it, or ``(model, inputs)``: then it is made a few times, Keras's name counters starting anew each
    time, and saving, loading and an optimizer step are tried on what was made. ``inputs``: what the model
    is called with: arrays or tensors, a dict or list of them, ``nestprobe.subject.InputSpec`` objects, or a
    ``tf.data`` dataset, of which the first batch is taken. ``fit``: false leaves the optimizer step out.

    Saved is what ``model.weights.h5`` holds. What it keeps and a ``tf.train.Checkpoint`` loses is a note,
    where Keras computes with TensorFlow; the file of a whole model is not looked at.

    Raises nestprobe.subject.SubjectError where the function is no such function or a layer is no model, and
    nestprobe.doctor.ground.NoGround where there is no Keras to look with.
    """
    from nestprobe import subject
    from nestprobe.doctor import ground
    from nestprobe.doctor.examination import Examination
    from nestprobe.doctor.judge import judge

    def judged(examination):
        try:
            return judge(examination.run())
        except subject.SubjectError as error:
            if error.kind == "no-inputs":  # it advises an option of the command line
                error.do = (
                    "Give the argument inputs, an array or nestprobe.subject.InputSpec((2, 5)), or for model "
                    "a function that returns (model, inputs)."
                )
            raise

    engine = ground.engine()
    if ground.is_layer(model):
        return judged(Examination(engine, model=model, inputs=inputs))

    def make():
        return subject.make(
            model, {}, ground.model_classes(engine), getattr(model, "__name__", "the factory")
        )

    return judged(Examination(engine, make=make, inputs=inputs, fit=fit))
